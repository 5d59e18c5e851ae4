// One entry: what is said of it, and whether that is proved.

import { element, sentence, text } from "../page";
import { credential } from "./entries";
import * as ledger from "./ledger";
import type { Entry } from "./ledger";
import { check } from "./proof";
import type { Verdict } from "./proof";
import { reason } from "./task";
import * as trust from "./trust";

const title = element("entry-title", HTMLElement);
const none = element("entry-none", HTMLElement);
const shown = element("entry", HTMLElement);
const facts = element("entry-facts", HTMLElement);
const event = element("entry-event", HTMLElement);
const personal = element("entry-personal", HTMLElement);
const verify = element("verify", HTMLButtonElement);
const verification = element("verification", HTMLElement);

let current: Entry | undefined;

/** Lets the entry that is shown be verified. */
export function open(): void {
  verify.addEventListener("click", () => void verifyCurrent());
}

/** Shows an entry. */
export function show(entry: Entry): void {
  current = entry;
  none.hidden = true;
  shown.hidden = false;
  verification.replaceChildren();
  title.textContent = `Entry ${entry.sequence} of ${entry.year}`;
  const told = {
    Sequence: String(entry.sequence),
    "Recorded at": entry.recorded_at,
    Happened: entry.event.at,
    Kind: entry.event.event,
    Leaf: entry.leaf,
  };
  facts.replaceChildren(...described(told));
  event.textContent = JSON.stringify(entry.event, undefined, 2);
  personal.replaceChildren(...aboutPerson(entry));
  title.focus();
}

/** Checks the entry that is shown, against the key that is pinned for its log. */
export async function verifyCurrent(): Promise<void> {
  const entry = current;
  if (entry === undefined || verify.ariaBusy === "true") return;
  verify.ariaBusy = "true";
  verification.replaceChildren(text("p", "Checking."));
  const told = await verdict(entry).catch((error: unknown) => [text("p", `Not checked. ${reason(error)}`, "error")]);
  verify.ariaBusy = "false";
  // Somebody may have gone on to another entry.
  if (entry === current) verification.replaceChildren(...told);
}

async function verdict(entry: Entry): Promise<HTMLElement[]> {
  const proof = await ledger.prove(credential(), entry.event.id);
  const origin = proof.checkpoint.split("\n", 1)[0] ?? "";
  const key = await trust.keyOf(origin, proof.key, () => void verifyCurrent());
  if (key === undefined) {
    return [text("p", `Not checked yet. No key is pinned for ${origin}: see the keys that this browser trusts.`)];
  }
  return [words(await check(entry, proof, key.text), key.text !== proof.key)];
}

function words(verdict: Verdict, isOther: boolean): HTMLElement {
  if (verdict.verified) {
    const size = verdict.size.toLocaleString("en-US");
    const told = text("p", "", "ok");
    told.append(
      text("strong", "Verified. "),
      `This entry is in ${verdict.origin}, among the first ${size}, exactly as it is shown, and the pinned key has ` +
        "signed that.",
    );
    return told;
  }
  const told = text("p", "", "error");
  const other = isOther ? " The broker names another key than the one that is pinned." : "";
  told.append(text("strong", "Not verified. "), sentence(verdict.message), other, " ", text("code", verdict.code));
  return told;
}

/** What an entry tells of a person stands outside of the tree, where it can be erased. */
function aboutPerson({ subject, personal }: Entry): HTMLElement[] {
  if (subject === undefined) return [];
  const heading = text("h3", "About a person");
  if (personal === undefined) {
    const erased = "Erased: what was known of this person is gone, and every proof holds as before.";
    return [heading, text("p", erased, "warning"), ...list({ Subject: subject })];
  }
  const kept = "Kept outside of the tree, which holds only a commitment to it; no proof covers what is shown here.";
  const known = Object.entries(personal).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return [heading, text("p", kept, "hint"), ...list({ Subject: subject, ...Object.fromEntries(known) })];
}

function list(told: Record<string, string>): HTMLElement[] {
  const made = document.createElement("dl");
  made.append(...described(told));
  return [made];
}

function described(told: Record<string, string>): HTMLElement[] {
  return Object.entries(told).flatMap(([name, value]) => [text("dt", name), text("dd", value)]);
}
