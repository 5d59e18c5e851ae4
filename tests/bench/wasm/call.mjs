// Calls a function of the validator's package again and again, with the texts of files or with arguments of JSON, and
// prints how long each call took, in seconds: the mean of a batch, batch after batch.
//
// `node call.mjs PACKAGE FUNCTION FILE BATCHES`; a file that ends in .json holds all arguments.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { batches } from "./batches.mjs";

const [folder, name, file, count] = process.argv.slice(2);
const { default: validator } = await import(pathToFileURL(join(folder, "nodejs/index.js")));
const text = readFileSync(file, "utf8");
const given = file.endsWith(".json") ? JSON.parse(text) : [text];
process.stdout.write(JSON.stringify(batches(() => validator[name](...given), Number(count))));
