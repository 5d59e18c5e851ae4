// Entries: looked for, and listed.

import { button, element, text } from "../page";
import * as ledger from "./ledger";
import type { Entry, Filter } from "./ledger";
import { task } from "./task";
import { told } from "./told";

const form = element("search-form", HTMLFormElement);
const token = element("audit-token", HTMLInputElement);
const rows = element("rows", HTMLElement);
const kinds = element("kinds", HTMLElement);
const older = element("older", HTMLButtonElement);
const answer = element("search-answer", HTMLElement);
const alert = element("search-alert", HTMLElement);

/** How many pages without any match are gone through before somebody is asked whether to go on. */
const PATIENCE = 20;

/** Lets entries be looked for. */
export function open(chosen: (entry: Entry) => void): void {
  let filter: Filter = {};
  let next: string | undefined;

  const more = async (from: string | undefined) => {
    const { entries, next: on } = await some(filter, from);
    rows.append(...entries.map((entry) => row(entry, chosen)));
    entries.forEach(({ event }) => offer(event.event));
    next = on;
    older.hidden = next === undefined;
    const count = rows.childElementCount;
    const end = next === undefined ? "; there are no others" : "";
    answer.textContent = `${count} ${count === 1 ? "entry" : "entries"}${end}.`;
    return entries;
  };

  const work = task(form, answer, alert);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void work(async () => {
      filter = given();
      rows.replaceChildren();
      older.hidden = true;
      await more(undefined);
    });
  });
  older.addEventListener("click", () => {
    void work(async () => {
      const count = rows.childElementCount;
      await more(next);
      // The button may be gone; who pressed it reads on with what is new.
      rows.children[count]?.querySelector("button")?.focus();
    });
  });
}

/** The token, which has to be there. */
export function credential(): string {
  const given = token.value.trim();
  if (given !== "") return given;
  token.focus();
  throw new Error("paste the token of an auditor or admin first");
}

/** The next page with anything on it. */
async function some(filter: Filter, from: string | undefined): Promise<ledger.Page> {
  let page = await ledger.find(credential(), filter, from);
  for (let pages = 1; page.entries.length === 0 && page.next !== undefined && pages < PATIENCE; pages += 1) {
    page = await ledger.find(credential(), filter, page.next);
  }
  return page;
}

function given(): Filter {
  const value = (id: string) => element(id, HTMLInputElement).value.trim();
  const [from, to] = [value("from"), value("to")];
  const filter: Filter = { kind: value("kind"), agent: value("of-agent"), lease: value("lease") };
  if (from !== "") filter.from = ledger.moment(from);
  if (to !== "") filter.to = ledger.moment(to, 1);
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ""));
}

function row(entry: Entry, chosen: (entry: Entry) => void): HTMLElement {
  const made = document.createElement("tr");
  const number = document.createElement("td");
  const place = `${entry.year}/${entry.sequence}`;
  const open = button(place, () => {
    rows.querySelector("[aria-current]")?.removeAttribute("aria-current");
    made.setAttribute("aria-current", "true");
    chosen(entry);
  });
  open.setAttribute("aria-label", `${place}, ${entry.event.event}`);
  number.append(open);
  const { event, agent, by } = entry.event;
  const cells = [entry.recorded_at, event, agent ?? "", told(by)].map((content) => text("td", content));
  made.append(number, ...cells);
  return made;
}

/** Kinds that were seen are offered for the next search. */
function offer(kind: string): void {
  const seen = Array.from(kinds.children, (option) => option.getAttribute("value"));
  if (seen.includes(kind)) return;
  const option = document.createElement("option");
  option.value = kind;
  kinds.append(option);
}
