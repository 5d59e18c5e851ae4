// The keys that logs are signed by, pinned in this browser by somebody who has looked at them.

const KEPT = "deputize.audit.keys";

/** A key, as `name+id+key` says it: the name is that of its log. */
export interface Key {
  origin: string;
  text: string;
}

export function parse(text: string): Key {
  return { origin: text.trim().split("+", 1)[0] ?? "", text: text.trim() };
}

/** The keys that are pinned, by the names of their logs. */
export function pinned(): Key[] {
  const kept = localStorage.getItem(KEPT);
  try {
    const texts: unknown = JSON.parse(kept ?? "[]");
    return Array.isArray(texts) ? texts.filter((text) => typeof text === "string").map(parse) : [];
  } catch {
    // Whatever wrote there, none of it is a key that somebody pinned.
    return [];
  }
}

/** The key that is pinned for a log. */
export function of(origin: string): Key | undefined {
  return pinned().find((key) => key.origin === origin);
}

/** Trusts a key, in the place of any other of that log. */
export function pin(key: Key): void {
  keep([...pinned().filter(({ origin }) => origin !== key.origin), key]);
}

/** Trusts it no longer. */
export function forget(key: Key): void {
  keep(pinned().filter(({ origin }) => origin !== key.origin));
}

function keep(keys: Key[]): void {
  localStorage.setItem(KEPT, JSON.stringify(keys.map(({ text }) => text)));
}

/** Whether two logs have the same key under their two names. */
export function isSame(one: Key, other: Key): boolean {
  return material(one) === material(other);
}

/** What people compare: SHA-256 of the key's bytes, in groups of four digits. */
export async function fingerprint(key: Key): Promise<string> {
  const bytes = Uint8Array.from(atob(material(key)), (character) => character.charCodeAt(0));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const digits = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/.{4}(?=.)/g, "$& ");
}

/** The last of the three parts: base64, which may have a plus of its own. */
function material({ text }: Key): string {
  return text.split("+").slice(2).join("+");
}
