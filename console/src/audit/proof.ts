// Proofs, checked here: the one place that knows the module for it, which is loaded when the first one is checked.

import initialise, { explainProof } from "@deputize/validator/web/proof";
import type { Verdict } from "@deputize/validator/web/proof";
import module from "@deputize/validator/web/proof.wasm?url";
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
  const { event, recorded_at, sequence, personal } = JSON.parse(entry) as Entry & { personal?: { subject: string } };
  const sealed = canonical([event, recorded_at, sequence, personal?.subject ?? null]);
  const told = canonical([shown.event, shown.recorded_at, shown.sequence, shown.subject ?? null]);
  if (sealed === told) return verdict;
  return { verified: false, code: "other_entry", message: "what is shown here is not what the log holds" };
}

/** Why a text is no key of a log; nothing where it is one. */
export async function wrongWith(key: string): Promise<string | undefined> {
  await load();
  const nothing = { sequence: 0, size: 1, hashes: [] };
  const verdict = explainProof("", nothing, "", key);
  return !verdict.verified && verdict.code === "malformed_key" ? verdict.message : undefined;
}

/** JSON with the members of objects in one order. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}
