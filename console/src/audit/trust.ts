// The keys that this browser trusts: shown, pinned, forgotten.

import { button, element, sentence, text } from "../page";
import * as keys from "./keys";
import type { Key } from "./keys";
import { wrongWith } from "./proof";
import { reason } from "./task";

const list = element("pinned", HTMLElement);
const first = element("first-use", HTMLElement);
const form = element("pin-form", HTMLFormElement);
const pasted = element("pasted", HTMLInputElement);
const answer = element("keys-answer", HTMLElement);

/** Shows what is pinned, and lets keys be pasted. `pinned` is called when another key is. */
export function open(pinned: () => void): void {
  void show();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void pin(keys.parse(pasted.value), pinned);
  });
}

/** The key of a log, if it is pinned. Otherwise what the broker says is its key is shown, for somebody to decide. */
export async function keyOf(origin: string, said: string, pinned: () => void): Promise<Key | undefined> {
  const known = keys.of(origin);
  first.replaceChildren(...(known === undefined ? await question(origin, keys.parse(said), pinned) : []));
  return known;
}

async function question(origin: string, said: Key, pinned: () => void): Promise<HTMLElement[]> {
  const problem = said.origin === origin ? await wrongWith(said.text) : `the key is that of ${said.origin}`;
  if (problem !== undefined) {
    return [text("p", sentence(`the broker names no key of ${origin}: ${problem}`), "error")];
  }
  const others = keys.pinned();
  const told = others.some((other) => keys.isSame(other, said))
    ? text("p", "It is the very key of another log that you have pinned; each year has a log of its own.", "ok")
    : text("p", "You have pinned another key for another log. Ask why this one differs.", "warning");
  return [
    text("h3", `No key is pinned for ${origin}`),
    text(
      "p",
      "The broker says that the key below is its log's. To pin it is to believe the broker this once: from then on, " +
        "this browser tells whenever an entry is not signed by this very key. It tells nothing of a broker that " +
        "named a false key today. So compare the fingerprint with the one that you were given in another way, by who " +
        "runs the broker or by the auditor before you.",
    ),
    ...(others.length > 0 ? [told] : []),
    await facts(said),
    button("Pin this key", () => void pin(said, pinned)),
  ];
}

async function pin(key: Key, pinned: () => void): Promise<void> {
  try {
    const problem = await wrongWith(key.text);
    if (problem !== undefined) throw new Error(problem);
    keys.pin(key);
    pasted.value = "";
    first.replaceChildren();
    await show();
    answer.textContent = `Pinned for ${key.origin}.`;
    pinned();
  } catch (error) {
    answer.textContent = `Not pinned. ${reason(error)}`;
  }
}

async function show(): Promise<void> {
  const items = keys.pinned().map(async (key) => {
    const item = document.createElement("li");
    const forget = button("Forget", () => {
      keys.forget(key);
      answer.textContent = `No key is pinned for ${key.origin} any more.`;
      void show().then(() => pasted.focus());
    });
    forget.setAttribute("aria-label", `Forget the key of ${key.origin}`);
    item.append(await facts(key), forget);
    return item;
  });
  list.replaceChildren(...(await Promise.all(items)));
}

async function facts(key: Key): Promise<HTMLElement> {
  const told = document.createElement("dl");
  told.append(text("dt", "Log"), text("dd", key.origin));
  told.append(text("dt", "Fingerprint"), text("dd", await keys.fingerprint(key)));
  return told;
}
