// The package for browsers, in a headless Chromium, from a server that sends what a static host would.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

import { packaged, print, required, sibling, vectors } from "./host.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

const files = {
  "/": async () => "<!doctype html><title>validator</title>",
  "/answers.mjs": () => readFile(sibling("answers.mjs")),
};
for (const file of ["index.js", "proof.js", "proof_bg.wasm", "validator.js", "validator_bg.wasm"]) {
  files[`/${file}`] = () => readFile(packaged(`web/${file}`));
}

/** A program on the path: playwright looks only where it installs its own. */
function found(program) {
  const places = process.env.PATH.split(path.delimiter).map((folder) => path.join(folder, program));
  return places.find((place) => existsSync(place)) ?? program;
}

const server = createServer(async (request, response) => {
  const file = files[request.url];
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  const type = TYPES[path.extname(request.url)] ?? TYPES[".html"];
  response.writeHead(200, { "content-type": type }).end(await file());
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

// Chromium refuses to run as root inside its own sandbox; it loads nothing but the files above.
const options = { executablePath: found("chromium"), args: ["--no-sandbox"], headless: true };
const browser = await required("playwright-core").chromium.launch(options);
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  print(
    await page.evaluate(async (vectors) => {
      const [validator, { answers }] = await Promise.all([import("/index.js"), import("/answers.mjs")]);
      await Promise.all([validator.default(), validator.initProof()]);
      return answers(validator, vectors);
    }, vectors),
  );
} finally {
  await browser.close();
  server.close();
}
