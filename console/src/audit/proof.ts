// Proofs, checked here: the one place that knows the module for it, which is loaded when the first one is checked.

import initialise, { explainProof } from "@deputize/validator/web/proof";
import type { Verdict } from "@deputize/validator/web/proof";
import module from "@deputize/validator/web/proof.wasm?url";
import { canonical } from "./canonical";
import type { Entry, Proof } from "./ledger";

export type { Verdict };

let loaded: Promise<unknown> | undefined;

function load(): Promise<unknown> {
  loaded ??= initialise({ module_or_path: module }).catch((error: unknown) => {
    // The next one tries again.
    loaded = undefined;
    throw new Error("what checks proofs could not be loaded", { cause: error });
  });
  return loaded;
}

/** Whether the log of a key holds an entry, and whether that is the entry that was shown. */
export async function check(shown: Entry, { entry, proof, checkpoint }: Proof, key: string): Promise<Verdict> {
  await load();
  const verdict = explainProof(entry, proof, checkpoint, key);
  if (!verdict.verified) return verdict;
  // A broker could prove one entry and show another.
  if (canonical(said(shown)) === canonical(await sealed(entry, verdict.origin))) return verdict;
  return { verified: false, code: "other_entry", message: "what is shown here is not what the log holds" };
}

function said({ year, sequence, recorded_at, event, subject, leaf }: Entry): unknown[] {
  return [String(year), sequence, recorded_at, event, subject ?? null, leaf];
}

/** The same of an entry's own text, and of the name of its log, which ends with the year. */
async function sealed(text: string, origin: string): Promise<unknown[]> {
  const { sequence, recorded_at, event, personal } = JSON.parse(text) as Entry & { personal?: { subject: string } };
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`\0${text}`));
  const leaf = btoa(String.fromCharCode(...new Uint8Array(hash)));
  return [origin.split("/").at(-1), sequence, recorded_at, event, personal?.subject ?? null, leaf];
}

/** Why a text is no key of a log; nothing where it is one. */
export async function wrongWith(key: string): Promise<string | undefined> {
  await load();
  const nothing = { sequence: 0, size: 1, hashes: [] };
  const verdict = explainProof("", nothing, "", key);
  return !verdict.verified && verdict.code === "malformed_key" ? verdict.message : undefined;
}
