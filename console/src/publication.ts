// The document at the broker: loaded, published, and what the broker says to it.

import * as broker from "./broker";
import type { Editor } from "./editor";
import { button, element, sentence, text } from "./page";

const form = element("broker-form", HTMLFormElement);
const token = element("token", HTMLInputElement);
const publishButton = element("publish", HTMLButtonElement);
const origin = element("origin", HTMLElement);
const answer = element("broker-answer", HTMLElement);
const alert = element("broker-alert", HTMLElement);

/** What the editor's text came from: nothing that is published, a document, or a broker that has none yet. */
type Origin = { known: false } | { known: true; etag: string | undefined };

/** Lets the document of an editor be loaded and published. */
export class Publication {
  readonly #editor: Editor;
  readonly #hasErrors: () => boolean;
  #origin: Origin = { known: false };

  constructor(editor: Editor, hasErrors: () => boolean) {
    this.#editor = editor;
    this.#hasErrors = hasErrors;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#do(() => this.#load());
    });
    publishButton.addEventListener("click", () => void this.#do(() => this.#publish()));
  }

  async #load(): Promise<void> {
    const published = await broker.current(token.value.trim());
    this.#origin = { known: true, etag: published?.etag };
    if (published === undefined) {
      origin.textContent = "Not published yet";
      say("The broker has no document yet. Publish makes this one the first.");
      return;
    }
    this.#editor.text = published.text;
    origin.textContent = `The broker's document ${brief(published.etag)}`;
    say("Loaded.");
  }

  async #publish(): Promise<void> {
    if (!this.#origin.known) {
      throw new Error("load the current document first: only what you have seen is replaced");
    }
    if (this.#hasErrors()) {
      this.#editor.showNext();
      throw new Error("the document has errors: mend them first");
    }
    const receipt = await broker.publish(token.value.trim(), this.#editor.text, this.#origin.etag);
    this.#origin = { known: true, etag: receipt.etag };
    origin.textContent = `The broker's document ${brief(receipt.etag)}, version ${receipt.version}`;
    say(`Published as version ${receipt.version}.`);
  }

  /** Does it once at a time, and tells what went wrong. */
  async #do(task: () => Promise<void>): Promise<void> {
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    alert.replaceChildren();
    say("");
    try {
      if (token.value.trim() === "") {
        token.focus();
        throw new Error("paste the admin token first");
      }
      await task();
    } catch (error) {
      alert.replaceChildren(...this.#told(error));
    } finally {
      form.ariaBusy = "false";
    }
  }

  #told(error: unknown): HTMLElement[] {
    const status = error instanceof broker.Problem ? error.status : undefined;
    if (status === 401) return [text("p", "The broker does not know this token.", "error")];
    if (status !== 412) {
      const message = error instanceof Error ? error.message : String(error);
      return [text("p", sentence(message), "error")];
    }
    const told = text("p", "", "error");
    told.append(
      text("strong", "Not published: "),
      "somebody has published another document since you loaded yours (412). Nothing was replaced. Copy what you want " +
        "to keep, load the current document, and make your changes in it; undo brings your text back.",
    );
    return [told, button("Load what is current now", () => form.requestSubmit())];
  }
}

function say(message: string): void {
  answer.textContent = message;
}

/** Enough of a tag to tell two apart. */
function brief(etag: string): string {
  return etag.replaceAll('"', "").slice(0, 8);
}
