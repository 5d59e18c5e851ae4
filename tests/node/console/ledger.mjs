// A small audit log that verifies, made of Node's own cryptography by the words of RFC 6962 and c2sp.org: another
// program than the one that checks it.

import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";

const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const leafHash = (text) => sha256(Buffer.from([0]), Buffer.from(text));
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);

const KINDS = ["credential_issued", "credential_refused", "scope_published", "lease_revoked"];

/** A log of so many entries under a name, with the key that is made of a byte. */
export class Ledger {
  constructor(origin, size, byte = 7) {
    this.origin = origin;
    this.year = Number(origin.split("/").at(-1));
    const seed = Buffer.alloc(32, byte);
    const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    this.secret = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
    const raw = createPublicKey(this.secret).export({ format: "der", type: "spki" }).subarray(-32);
    const typed = Buffer.concat([Buffer.from([1]), raw]);
    this.id = sha256(Buffer.from(`${origin}\n`), typed).subarray(0, 4);
    this.key = `${origin}+${this.id.toString("hex")}+${typed.toString("base64")}`;
    this.entries = Array.from({ length: size }, (_, sequence) => entry(sequence));
    this.texts = this.entries.map(text);
    this.leaves = this.texts.map(leafHash);
  }

  checkpoint() {
    const body = `${this.origin}\n${this.leaves.length}\n${root(this.leaves).toString("base64")}\n`;
    const signature = Buffer.concat([this.id, sign(null, Buffer.from(body), this.secret)]).toString("base64");
    return `${body}\n— ${this.origin} ${signature}\n`;
  }

  /** As the broker answers. */
  proof(sequence) {
    const hashes = path(this.leaves, sequence).map((hash) => hash.toString("base64"));
    const proof = { sequence, size: this.leaves.length, hashes };
    return { entry: this.texts[sequence], proof, checkpoint: this.checkpoint(), key: this.key };
  }

  /** As the broker lists it. */
  listed(sequence) {
    const { recorded_at, event, personal, known } = this.entries[sequence];
    const told = { year: this.year, sequence, recorded_at, event, leaf: this.leaves[sequence].toString("base64") };
    if (personal !== undefined) told.subject = personal.subject;
    if (known !== undefined) told.personal = known;
    return told;
  }
}

/** The third of every ten tells of a person who is known, the fourth of one who was erased. */
function entry(sequence) {
  const at = new Date(Date.UTC(2026, 2, 1, 9, sequence));
  const event = {
    agent: sequence % 3 === 0 ? "deploy" : "report",
    at: at.toISOString().replace(".000Z", "Z"),
    by: sequence % 2 === 0 ? "=cmd()" : { caller: "arn:aws:iam::111122223333:role/deploy" },
    event: KINDS[sequence % KINDS.length],
    id: `0195f3a0-0000-7000-8000-${String(sequence).padStart(12, "0")}`,
    note: "Ünïcode, \"quoted\"",
  };
  const made = { event, recorded_at: event.at, sequence };
  if (sequence % 10 === 3 || sequence % 10 === 4) {
    made.personal = { hash: leafHash(`salted ${sequence}`).toString("base64"), subject: `subject-${sequence}` };
  }
  if (sequence % 10 === 3) made.known = { email: "somebody@example.com" };
  return made;
}

function text({ event, personal, recorded_at, sequence }) {
  return JSON.stringify({ event, ...(personal === undefined ? {} : { personal }), recorded_at, sequence, v: 1 });
}

/** MTH of RFC 6962. */
function root(leaves) {
  if (leaves.length === 1) return leaves[0];
  const middle = half(leaves.length);
  return nodeHash(root(leaves.slice(0, middle)), root(leaves.slice(middle)));
}

/** PATH of RFC 6962. */
function path(leaves, at) {
  if (leaves.length === 1) return [];
  const middle = half(leaves.length);
  const [left, right] = [leaves.slice(0, middle), leaves.slice(middle)];
  return at < middle ? [...path(left, at), root(right)] : [...path(right, at - middle), root(left)];
}

/** The largest power of two below it. */
function half(size) {
  return 2 ** Math.floor(Math.log2(size - 1));
}
