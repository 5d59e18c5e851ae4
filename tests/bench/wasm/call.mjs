// Calls a function of the validator's package for Node with the text of a file, again and again, and prints how long
// each call took, in seconds: the mean of a batch, batch after batch.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";

const [folder, name, file, batches] = process.argv.slice(2);
const { default: validator } = await import(pathToFileURL(join(folder, "nodejs/validator.js")));
const text = readFileSync(file, "utf8");
const BATCH = 20;

const seconds = [];
const warmed = performance.now() + 1000;
while (performance.now() < warmed || seconds.length < Number(batches)) {
  const start = performance.now();
  for (let at = 0; at < BATCH; at += 1) {
    validator[name](text);
  }
  const taken = (performance.now() - start) / 1000 / BATCH;
  if (start >= warmed) {
    seconds.push(taken);
  }
}
process.stdout.write(JSON.stringify(seconds));
