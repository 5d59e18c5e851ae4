// Evidence: the entries of a criterion, each with its proof, for somebody to keep.

import { element, text } from "../page";
import { credential } from "./entries";
import * as keys from "./keys";
import * as ledger from "./ledger";
import type { Entry, Proof, Source } from "./ledger";
import { check } from "./proof";
import { task } from "./task";
import { csv } from "./table";

const form = element("evidence-form", HTMLFormElement);
const answer = element("evidence-answer", HTMLElement);
const alert = element("evidence-alert", HTMLElement);

/** How many proofs are asked for at once. */
const AT_ONCE = 4;

/** An entry, and what the check of its proof came to. */
interface Row {
  entry: Entry;
  proof: Proof;
  checked: "verified" | "no key is pinned" | { code: string; message: string };
}

/** Lets evidence be collected. */
export function open(): void {
  const work = task(form, answer, alert);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void work(collect);
  });
}

async function collect(): Promise<void> {
  const value = (id: string) => element(id, HTMLInputElement).value;
  const chosen = (id: string) => element(id, HTMLSelectElement).value;
  const [control, format] = [chosen("control"), chosen("format")];
  const range = { from: ledger.moment(value("evidence-from")), to: ledger.moment(value("evidence-to"), 1) };
  if (range.from >= range.to) throw new Error("the first day is after the last");
  const token = credential();
  const source = await ledger.collect(token, { control, ...range, format });
  const entries = await all(token, { kind: source.kinds.join(","), ...range });
  const rows = await proved(token, entries);

  const name = `evidence-${control}-${value("evidence-from")}-${value("evidence-to")}`;
  const [type, file] = format === "csv" ? ["text/csv", `${name}.csv`] : ["application/jsonl", `${name}.jsonl`];
  const evidence = format === "csv" ? csv(entries) : rows.map(({ proof }) => `${proof.entry}\n`).join("");
  const manifest = await told({ control, ...range, format }, source, rows, file, evidence);
  const list = document.createElement("ul");
  list.append(
    link(file, type ?? "", evidence),
    link(`${name}.manifest.json`, "application/json", `${JSON.stringify(manifest, undefined, 2)}\n`),
  );
  answer.replaceChildren(summary(rows), list);
}

/** Every entry that matches. */
async function all(token: string, filter: ledger.Filter): Promise<Entry[]> {
  const found: Entry[] = [];
  let page = await ledger.find(token, filter);
  found.push(...page.entries);
  while (page.next !== undefined) {
    page = await ledger.find(token, filter, page.next);
    found.push(...page.entries);
    answer.textContent = `${found.length} entries found so far.`;
  }
  return found;
}

async function proved(token: string, entries: Entry[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    rows.push(...(await Promise.all(entries.slice(at, at + AT_ONCE).map((entry) => row(token, entry)))));
  }
  return rows;
}

async function row(token: string, entry: Entry): Promise<Row> {
  const proof = await ledger.prove(token, entry.event.id);
  const key = keys.of(proof.checkpoint.split("\n", 1)[0] ?? "");
  if (key === undefined) return { entry, proof, checked: "no key is pinned" };
  const verdict = await check(entry, proof, key.text);
  return { entry, proof, checked: verdict.verified ? "verified" : { code: verdict.code, message: verdict.message } };
}

function summary(rows: Row[]): HTMLElement {
  const wrong = rows.filter(({ checked }) => typeof checked === "object").length;
  const unknown = rows.filter(({ checked }) => checked === "no key is pinned").length;
  const count = `${rows.length} ${rows.length === 1 ? "entry" : "entries"}`;
  if (wrong > 0) return text("p", `${count}, of which ${wrong} could not be verified: the manifest says why.`, "error");
  if (unknown > 0) {
    return text("p", `${count}, of which ${unknown} were not checked: no key is pinned for their log.`, "warning");
  }
  return text("p", `${count}, each verified with the key that is pinned.`, "ok");
}

/** What was asked, what there was, and what proves it. Checkpoints stand once, however many proofs lead to them. */
async function told(query: object, source: Source, rows: Row[], file: string, evidence: string): Promise<object> {
  const checkpoints = [...new Set([source.checkpoint, ...rows.map(({ proof }) => proof.checkpoint)])];
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(evidence));
  const sha256 = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return {
    query: { ...query, kinds: source.kinds },
    export: source.id,
    population: rows.length,
    evidence: { file, sha256 },
    keys: { broker: source.key, pinned: keys.pinned().map(({ text }) => text) },
    checkpoints,
    rows: rows.map(({ entry, proof, checked }) => ({
      id: entry.event.id,
      year: entry.year,
      leaf: entry.leaf,
      proof: proof.proof,
      checkpoint: checkpoints.indexOf(proof.checkpoint),
      checked,
    })),
  };
}

function link(file: string, type: string, content: string): HTMLElement {
  const item = document.createElement("li");
  const made = text("a", file);
  made.href = URL.createObjectURL(new Blob([content], { type }));
  made.download = file;
  item.append(made);
  return item;
}
