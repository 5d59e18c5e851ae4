// As call.mjs, in a headless Chromium, of the module that checks proofs: `node chromium.mjs PACKAGE FUNCTION FILE BATCHES
// MODULES`, where MODULES is a folder with the npm packages of the tests.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const [folder, name, file, count, modules] = process.argv.slice(2);
const { chromium } = createRequire(path.join(modules, "script.js"))("playwright-core");
const places = process.env.PATH.split(path.delimiter).map((place) => path.join(place, "chromium"));

const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
const files = {
  "/batches.mjs": new URL("batches.mjs", import.meta.url),
  "/proof.js": path.join(folder, "web/proof.js"),
  "/proof_bg.wasm": path.join(folder, "web/proof_bg.wasm"),
};
const server = createServer(async (request, response) => {
  const found = files[request.url];
  response.writeHead(200, { "content-type": TYPES[path.extname(request.url)] ?? "text/html" });
  response.end(found === undefined ? "<!doctype html><title>proofs</title>" : await readFile(found));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

// Chromium refuses to run as root inside its own sandbox; it loads nothing but the files above.
const browser = await chromium.launch({ executablePath: places.find(existsSync) ?? "chromium", args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const given = { name, count: Number(count), given: JSON.parse(await readFile(file, "utf8")) };
  const seconds = await page.evaluate(async ({ name, count, given }) => {
    const [proof, { batches }] = await Promise.all([import("/proof.js"), import("/batches.mjs")]);
    await proof.default();
    return batches(() => proof[name](...given), count);
  }, given);
  process.stdout.write(JSON.stringify(seconds));
} finally {
  await browser.close();
  server.close();
}
