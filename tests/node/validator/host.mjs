// What the scripts of the hosts have in common. They are called with the validator's package, a file of vectors and
// the folder of npm packages, and print the answers as JSON.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

const [folder, file, modules] = process.argv.slice(2);

export const vectors = JSON.parse(await readFile(file, "utf8"));

/** A file of the validator's package. */
export const packaged = (name) => path.join(folder, name);

/** An npm package of the test environment, which does not lie above this script. */
export const required = (name) => createRequire(path.join(modules, "script.js"))(name);

export const sibling = (name) => new URL(name, import.meta.url);

export function print(answers) {
  process.stdout.write(JSON.stringify(answers));
}
