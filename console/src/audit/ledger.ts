// The broker's audit log, as the broker tells it: nothing of it is believed before it is proved.

import type { InclusionProof } from "@deputize/validator/web/proof";
import { call, problem } from "../broker";

/** What happened. Each kind has more members than these. */
export interface Event {
  id: string;
  event: string;
  at: string;
  agent?: string;
  by?: unknown;
  [member: string]: unknown;
}

/** An entry. */
export interface Entry {
  year: number;
  sequence: number;
  recorded_at: string;
  event: Event;
  /** By what the entry calls the person that it tells of. */
  subject?: string;
  /** What is known of that person, unless it was erased. */
  personal?: Record<string, unknown>;
  leaf: string;
}

/** Some entries, and where to go on. */
export interface Page {
  entries: Entry[];
  next?: string;
}

/** What proves an entry. */
export interface Proof {
  /** The entry's text, of which the leaf is the hash. */
  entry: string;
  proof: InclusionProof;
  /** A signed note. */
  checkpoint: string;
  /** The key that the broker names. */
  key: string;
}

/** Which entries. */
export type Filter = Partial<Record<"kind" | "agent" | "lease" | "from" | "to", string>>;

/** What evidence is taken from. */
export interface Source {
  id?: string;
  control: string;
  kinds: string[];
  checkpoint: string;
  key: string;
}

/** The entries of a page, the newest first. */
export async function find(token: string, filter: Filter, cursor?: string): Promise<Page> {
  const query = new URLSearchParams(filter);
  if (cursor !== undefined) query.set("cursor", cursor);
  return (await get(token, `/v1/audit/entries?${query}`)) as Page;
}

/** What proves an entry. */
export async function prove(token: string, id: string): Promise<Proof> {
  return (await get(token, `/v1/audit/entries/${encodeURIComponent(id)}/proof`)) as Proof;
}

/** Records that evidence is collected. */
export async function collect(
  token: string,
  query: { control: string; from: string; to: string; format: string },
): Promise<Source> {
  const response = await call(
    token,
    "POST",
    "/v1/audit/exports",
    { "Content-Type": "application/json" },
    JSON.stringify(query),
  );
  if (!response.ok) throw await problem(response);
  return (await response.json()) as Source;
}

async function get(token: string, path: string): Promise<unknown> {
  const response = await call(token, "GET", path);
  if (!response.ok) throw await problem(response);
  return response.json();
}

/** The first moment of a day that a field of the page has, or of the one after it: `2026-03-01` in UTC. */
export function moment(day: string, after = 0): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + after);
  return at.toISOString().replace(".000Z", "Z");
}
