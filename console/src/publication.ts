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

/** What the editor's text came from. */
interface Origin {
  name: string;
  text: string;
  /** Whether the broker was asked for its document, and the tag of the one that it has, if it has one. */
  asked: boolean;
  etag: string | undefined;
}

/** Lets the document of an editor be loaded and published. */
export class Publication {
  readonly #editor: Editor;
  readonly #hasErrors: () => boolean;
  #origin: Origin;

  constructor(editor: Editor, hasErrors: () => boolean) {
    this.#editor = editor;
    this.#hasErrors = hasErrors;
    this.#origin = { name: "The example document", text: editor.text, asked: false, etag: undefined };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#do(() => this.#load());
    });
    publishButton.addEventListener("click", () => void this.#do(() => this.#publish()));
  }

  /** Says what the editor's text came from, and whether it was changed since. */
  showOrigin(): void {
    const { name, text } = this.#origin;
    const told = this.#editor.text === text ? name : `${name}, edited`;
    // A status that is written again is read out again.
    if (origin.textContent !== told) origin.textContent = told;
  }

  async #load(): Promise<void> {
    const published = await broker.current(token.value.trim());
    if (published === undefined) {
      this.#origin = { ...this.#origin, asked: true, etag: undefined };
      say("The broker has no document yet. Publish makes this one the first.");
      return;
    }
    const { text, etag } = published;
    this.#editor.text = text;
    this.#origin = { name: `The broker's document ${brief(etag)}`, text: this.#editor.text, asked: true, etag };
    this.showOrigin();
    say("Loaded.");
  }

  async #publish(): Promise<void> {
    if (!this.#origin.asked) {
      throw new Error("load the current document first: only what you have seen is replaced");
    }
    if (this.#hasErrors()) {
      this.#editor.showNext();
      throw new Error("the document has errors: mend them first");
    }
    const { text } = this.#editor;
    const { version, etag } = await broker.publish(token.value.trim(), text, this.#origin.etag);
    this.#origin = { name: `The broker's document ${brief(etag)}, version ${version}`, text, asked: true, etag };
    this.showOrigin();
    say(`Published as version ${version}.`);
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
