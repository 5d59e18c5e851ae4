// What hostile scope documents take of the package for Node, with the built-in catalogues at hand. Called like the
// scripts of the hosts, with texts in the place of vectors. Prints how many megabytes the module's memory has come to,
// which never shrinks, and for each text how many findings there were and how long they took, in seconds.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";

import { packaged, print, vectors as texts } from "./host.mjs";

// The package keeps its memory to itself; whoever instantiates sees it.
const { Instance } = WebAssembly;
let memory;
WebAssembly.Instance = class extends Instance {
  constructor(...given) {
    super(...given);
    memory = this.exports.memory;
  }
};

const { default: validator } = await import(pathToFileURL(packaged("nodejs/validator.js")));
for (const cloud of ["aws", "gcp", "azure"]) {
  validator.loadCatalogue(readFileSync(packaged(`catalogue/${cloud}.txt`)));
}
const checked = texts.map((text) => {
  const start = performance.now();
  const findings = validator.check(text).length;
  return { findings, seconds: (performance.now() - start) / 1000 };
});
print({ megabytes: memory.buffer.byteLength / 1e6, checked });
