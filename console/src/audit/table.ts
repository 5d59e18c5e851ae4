// Entries as a table.

import type { Entry } from "./ledger";
import { told } from "./told";

const COLUMNS = ["year", "sequence", "recorded_at", "id", "at", "kind", "agent", "by", "event", "leaf"];

/** CSV (RFC 4180), in which no cell is a formula. */
export function csv(entries: Entry[]): string {
  return [COLUMNS, ...entries.map(cells)].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cells({ year, sequence, recorded_at, event, leaf }: Entry): string[] {
  const { id, at, event: kind, agent, by } = event;
  return [`${year}`, `${sequence}`, recorded_at, id, at, kind, agent ?? "", told(by), JSON.stringify(event), leaf];
}

/** Programs that show tables take what begins so for something to compute. */
const FORMULA = /^[=+\-@\t\r]/;

function cell(content: string): string {
  const plain = FORMULA.test(content) ? `'${content}` : content;
  return `"${plain.replaceAll('"', '""')}"`;
}
