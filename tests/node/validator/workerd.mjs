// The packages for edge workers, in workerd: the whole validator, and the one that only has `contains`.

import { readFile } from "node:fs/promises";

import { packaged, print, required, sibling, vectors } from "./host.mjs";

const WORKER = `
  import { answers } from "./answers.mjs";
  import * as contains from "./contains.js";
  import containsModule from "./contains_bg.wasm";
  import * as validator from "./validator.js";
  import validatorModule from "./validator_bg.wasm";

  contains.initSync({ module: containsModule });
  validator.initSync({ module: validatorModule });

  export default {
    async fetch(request) {
      const vectors = await request.json();
      const decided = vectors.map((vector) => vector.function === "contains" ? answers(contains, [vector])[0] : null);
      return Response.json({ all: answers(validator, vectors), decided });
    },
  };
`;

const script = (name, contents) => ({ type: "ESModule", path: name, contents });
const wasm = async (name) => ({ type: "CompiledWasm", path: name, contents: await readFile(packaged(`edge/${name}`)) });
const { Miniflare } = required("miniflare");
const miniflare = new Miniflare({
  compatibilityDate: "2026-01-01",
  modules: [
    script("worker.mjs", WORKER),
    script("answers.mjs", await readFile(sibling("answers.mjs"), "utf8")),
    script("contains.js", await readFile(packaged("edge/contains.js"), "utf8")),
    script("validator.js", await readFile(packaged("edge/validator.js"), "utf8")),
    await wasm("contains_bg.wasm"),
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
