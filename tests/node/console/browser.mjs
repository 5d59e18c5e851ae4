// The scope page in a headless Chromium. What it does beyond the page is noted, and is to be nothing: no request
// elsewhere, nothing that its policy forbids, no error.

import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** How long something may take that takes milliseconds, on a machine that is busy with other tests. */
const PATIENCE = 120_000;

/** Opens the page at `url`; `modules` is a folder with the npm packages of the tests. */
export async function open({ url, modules, scheme = "light" }) {
  const { chromium } = createRequire(path.join(modules, "script.js"))("playwright-core");
  // Chromium refuses to run as root inside its own sandbox; it loads nothing but the page under test.
  const options = { executablePath: found("chromium"), args: ["--no-sandbox"] };
  const browser = await chromium.launch(options);
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1400, height: 1200 } });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const trouble = [];
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("console", (message) => {
    // A refusal of the broker is told by the browser, too.
    const refused = message.text().startsWith("Failed to load resource") && message.location().url.includes("/v1/");
    if (["error", "warning"].includes(message.type()) && !refused) trouble.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== url) trouble.push(`asked ${request.url()}`);
  });
  await page.goto(`${url}/`);
  await page.locator("#findings-count", { hasText: /\S/ }).waitFor();
  const close = async () => {
    await browser.close();
    assert.deepEqual(trouble, []);
  };
  return { page, context, close };
}

/** A program of this machine. */
function found(program) {
  const candidates = (process.env.PATH ?? "").split(path.delimiter).map((folder) => path.join(folder, program));
  return candidates.find((candidate) => existsSync(candidate)) ?? program;
}

/** The text of an editor, as it is to be read; only for texts that fit on the screen. */
export async function written(page, editor) {
  const lines = await page.locator(`#${editor} .cm-line`).allTextContents();
  return lines.join("\n");
}

/** Replaces the text of an editor as somebody who pastes over all of it. */
export async function paste(page, editor, text) {
  const content = page.locator(`#${editor} .cm-content`);
  await content.focus();
  await page.keyboard.press("Control+a");
  await content.evaluate((element, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}
