// Which modules of WebAssembly the package's main entry for Node reads: by the time a document was checked, and then
// until a proof was.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
let read = [];
const { readFileSync } = fs;
fs.readFileSync = (file, ...options) => {
  if (String(file).endsWith(".wasm")) read.push(path.basename(String(file)));
  return readFileSync(file, ...options);
};
syncBuiltinESMExports();

const { check, verifyProof } = await import(pathToFileURL(path.join(folder, "nodejs/index.js")));
check("version: 1");
const checking = read;
read = [];
if (verifyProof("", { sequence: 0, size: 1, hashes: [] }, "", "")) throw new Error("nothing is no proof");
process.stdout.write(JSON.stringify({ checking, verifying: read }));
