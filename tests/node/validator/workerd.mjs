// The packages for edge workers, in workerd: the whole validator with the check of proofs, and the one that only has
// `contains`.

import { readFile } from "node:fs/promises";

import { packaged, print, required, sibling, vectors } from "./host.mjs";

const WORKER = `
  import { answers } from "./answers.mjs";
  import * as contains from "./contains.js";
  import containsModule from "./contains_bg.wasm";
  import * as validator from "./index.js";
  import proofModule from "./proof_bg.wasm";
  import validatorModule from "./validator_bg.wasm";

  contains.initSync({ module: containsModule });
  validator.initSync({ module: validatorModule });
  validator.initProofSync({ module: proofModule });

  export default {
    async fetch(request) {
      const vectors = await request.json();
      const decided = vectors.map((vector) => vector.function === "contains" ? answers(contains, [vector])[0] : null);
      return Response.json({ all: answers(validator, vectors), decided });
    },
  };
`;

const module = (name, contents) => ({ type: "ESModule", path: name, contents });
const script = async (name) => module(name, await readFile(packaged(`edge/${name}`), "utf8"));
const wasm = async (name) => ({ type: "CompiledWasm", path: name, contents: await readFile(packaged(`edge/${name}`)) });
const { Miniflare } = required("miniflare");
const miniflare = new Miniflare({
  compatibilityDate: "2026-01-01",
  modules: [
    module("worker.mjs", WORKER),
    module("answers.mjs", await readFile(sibling("answers.mjs"), "utf8")),
    await script("contains.js"),
    await script("index.js"),
    await script("proof.js"),
    await script("validator.js"),
    await wasm("contains_bg.wasm"),
    await wasm("proof_bg.wasm"),
    await wasm("validator_bg.wasm"),
  ],
});
try {
  const request = { method: "POST", body: JSON.stringify(vectors) };
  const { all, decided } = await (await miniflare.dispatchFetch("http://worker/", request)).json();
  // Where the two modules differ, the smaller one's answer is told.
  print(all.map((answer, index) => decided[index] ?? answer));
} finally {
  await miniflare.dispose();
}
