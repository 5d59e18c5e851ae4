// What people do with the scope page. `node scenarios.mjs NAME URL TOKEN_FILE MODULES CONSOLE SCREENSHOTS` plays one of
// them, and fails where the page does not do its part.

import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { open, paste, written } from "./browser.mjs";

const [name, url, tokenFile, modules, sources, screenshots] = process.argv.slice(2);

const token = (await readFile(tokenFile, "utf8")).trim();

const SHORT = `version: 1
tenant: acme
agents:
  reader:
    scopes:
      - cloud: aws
        permissions: [s3:GetObject]
        resources: ["arn:aws:s3:::reports/*"]
`;

const MISSPELT = SHORT.replace("permissions", "permisions");

const OTHER_CLOUDS = `version: 1
tenant: acme
agents:
  reader:
    scopes:
      - cloud: gcp
        service_account: agent-reader@acme-prod.iam.gserviceaccount.com
        permissions: [container.clusters.get]
      - cloud: azure
        client_id: 00000000-0000-4000-8000-000000000001
        permissions: [Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read]
`;

const scenarios = {
  async clouds() {
    const { page, close } = await open({ url, modules });
    await paste(page, "editor", OTHER_CLOUDS);
    const sent = page.locator("#policy");
    await sent.filter({ hasText: "https://www.googleapis.com/auth/" }).waitFor();
    assert.equal(await page.locator("#meter").isVisible(), false);
    await page.locator("#cloud").selectOption({ label: "Azure" });
    await sent.filter({ hasText: "https://storage.azure.com/.default" }).waitFor();
    assert.match(await page.locator("#policy-note").textContent(), /roles narrow/);
    await close();
  },

  async mend() {
    const { page, close } = await open({ url, modules });
    await paste(page, "editor", SHORT);
    await page.waitForFunction(() => document.querySelector("#agent").value === "reader");
    const before = await size(page);

    await paste(page, "editor", MISSPELT);
    const squiggle = page.locator("#editor .cm-lintRange-error", { hasText: "permisions" });
    await squiggle.waitFor();
    const decoration = await squiggle.evaluate((element) => getComputedStyle(element).textDecorationStyle);
    assert.equal(decoration, "wavy");
    const error = await listed(page, "permisions");
    assert.match(await error.locator("code").textContent(), /^unknown-field$/);
    assert.equal(await page.locator("#policy").isVisible(), false);

    await squiggle.hover();
    const tooltip = page.locator("#editor .cm-tooltip-lint", { hasText: "permisions" });
    await tooltip.locator("code", { hasText: "unknown-field" }).waitFor();
    await page.screenshot({ path: path.join(screenshots, "finding.png") });
    await tooltip.getByRole("button").click();
    await page.getByText("Nothing found").waitFor();
    assert.equal(await written(page, "editor"), SHORT);
    assert.equal(await size(page), before);

    await page.locator("#editor .cm-line", { hasText: "s3:GetObject" }).click();
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.type(", s3:ListBucket");
    await page.waitForFunction((before) => document.querySelector("#meter").value > before, before);
    assert.match(await page.locator("#policy").textContent(), /"s3:ListBucket"/);
    const grown = await size(page);
    const told = await page.locator("#meter-text").textContent();
    assert.equal(told, `${grown} of 2,048 characters, ${(2048 - grown).toLocaleString("en-US")} to spare`);
    await close();
  },

  async compare() {
    const { page, close } = await open({ url, modules });
    const verdict = page.locator("#verdict");
    await verdict.getByText("Contained:").waitFor();
    const scope = (permission) => `cloud: aws\npermissions: [${permission}]\nresources: ["arn:aws:s3:::reports/*"]\n`;
    await paste(page, "grant", scope('"s3:Get*"'));
    await paste(page, "request", scope("s3:PutObject"));
    await verdict.getByText("Not contained").waitFor();
    const [action, resource] = await verdict.locator("dd").allTextContents();
    assert.equal(action, "s3:PutObject");
    assert.match(resource, /^arn:aws:s3:::reports\/[^*?]*$/);
    await paste(page, "grant", scope('"s3:*Object"'));
    await verdict.getByText("Contained:").waitFor();
    // Typed over all of it, by keys.
    await page.locator("#request .cm-content").focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("{cloud: aws, permissions: [iam:CreateUser]}");
    await verdict.getByText("iam:CreateUser").waitFor();
    assert.equal(await written(page, "request"), "{cloud: aws, permissions: [iam:CreateUser]}");
    // What is wrong with one side is shown there, and no verdict is given.
    await paste(page, "request", scope("s3:PutObject").replace("cloud", "cluod"));
    await page.locator("#request .cm-lintRange-error").first().waitFor();
    assert.equal(await page.locator("#grant .cm-lintRange-error").count(), 0);
    await verdict.getByText("has errors").waitFor();
    await close();
  },

  async keyboard() {
    const { page, close } = await open({ url, modules });
    await paste(page, "editor", MISSPELT);
    await listed(page, "permisions");
    await page.locator("#token").focus();
    const order = ["token"];
    // From one end of the page to the other by Tab alone, but for the editors, which Escape opens first.
    while (order.at(-1) !== "request") {
      assert.ok(order.length < 30, `the order never ends: ${order}`);
      if (["editor", "grant", "request"].includes(order.at(-1))) {
        const text = await written(page, order.at(-1));
        const before = await page.locator("#findings").innerHTML();
        await page.keyboard.press("Tab");
        assert.notEqual(await written(page, order.at(-1)), text, "Tab does not indent");
        await page.keyboard.press("Control+z");
        // A list that is written anew gives the focus to its title: here, only once it says what it said before.
        await page.waitForFunction((html) => document.querySelector("#findings").innerHTML === html, before);
        await page.keyboard.press("Escape");
      }
      await page.keyboard.press("Tab");
      order.push(await focused(page));
    }
    const stops = order.filter((stop, index) => stop !== order[index - 1]);
    assert.deepEqual(stops, ["token", "load", "publish", "editor", "findings", "agent", "cloud", "scope", "grant", "request"]);

    // F8 goes to the finding, and its tooltip says what it is.
    await page.locator("#editor .cm-content").focus();
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("F8");
    await page.locator("#editor .cm-tooltip code").waitFor();
    await close();
  },

  async barriers() {
    const axe = await readFile(path.join(sources, "node_modules/axe-core/axe.min.js"), "utf8");
    for (const scheme of ["light", "dark"]) {
      const { page, close } = await open({ url, modules, scheme });
      // By the debugger, which the page's policy does not bind.
      await page.evaluate(axe);
      const check = async (state) => {
        const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
        const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`);
        assert.deepEqual(told, [], `${scheme}, ${state}`);
        assert.ok(passes.some(({ id }) => id === "color-contrast"), "contrast was not looked at");
        await page.screenshot({ path: path.join(screenshots, `${scheme}-${state}.png`), fullPage: true });
      };
      await check("example");

      await paste(page, "editor", MISSPELT);
      await paste(page, "request", "cloud: aws\npermissions: [s3:PutObject]\n");
      await listed(page, "permisions");
      await page.getByText("Not contained").waitFor();
      await page.locator("#load").click();
      await page.getByText("Paste the admin token first").waitFor();
      await page.locator("#editor .cm-content").focus();
      await page.keyboard.press("Control+Home");
      await page.keyboard.press("F8");
      await page.locator("#editor .cm-tooltip").waitFor();
      await check("finding");
      await close();
    }
  },

  async publish() {
    const { page, context, close } = await open({ url, modules });
    const alert = page.locator("#broker-alert");
    await page.locator("#token").fill("no-such-token");
    await page.locator("#load").click();
    await alert.getByText("does not know this token").waitFor();

    await page.locator("#token").fill(token);
    await page.locator("#publish").click();
    await alert.getByText("Load the current document first").waitFor();
    await page.locator("#load").click();
    await page.getByText("Loaded.").waitFor();
    assert.equal(await alert.textContent(), "");
    await paste(page, "editor", SHORT);
    await page.locator("#origin", { hasText: ", edited" }).waitFor();
    await page.locator("#publish").click();
    await page.getByText("Published as version 2.").waitFor();
    assert.match(await page.locator("#origin").textContent(), /, version 2$/);
    assert.equal((await current()).text, SHORT);

    // Somebody else publishes; then this page must not undo it.
    const theirs = SHORT.replace("reader", "writer");
    const headers = { Authorization: `Bearer ${token}`, "If-Match": (await current()).etag };
    const replaced = await fetch(`${url}/v1/scopes`, { method: "PUT", headers, body: theirs });
    assert.equal(replaced.status, 200);
    await paste(page, "editor", SHORT.replace("GetObject", "PutObject"));
    await page.locator("#publish").click();
    await alert.getByText("Not published").waitFor();
    assert.match(await alert.textContent(), /412/);
    await page.screenshot({ path: path.join(screenshots, "conflict.png") });
    assert.equal((await current()).text, theirs);
    await alert.getByRole("button", { name: "Load what is current now" }).click();
    await page.getByText("Loaded.").waitFor();
    assert.equal(await written(page, "editor"), theirs);

    // A document with errors is not even sent.
    await paste(page, "editor", MISSPELT);
    await listed(page, "permisions");
    await page.locator("#publish").click();
    await alert.getByText("The document has errors").waitFor();
    assert.equal((await current()).text, theirs);

    // The token is in its field, and nowhere that outlives the page.
    const { cookies, origins } = await context.storageState({ indexedDB: true });
    assert.deepEqual([cookies, origins], [[], []]);
    const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length]);
    assert.deepEqual(kept, [0, 0]);
    assert.equal((await page.content()).includes(token), false);
    await page.reload();
    await page.locator("#findings-count", { hasText: /\S/ }).waitFor();
    assert.equal(await page.locator("#token").inputValue(), "");
    await close();
  },
};

/** The error that names `word`, once it is listed: what was listed before may be of the text before. */
async function listed(page, word) {
  const error = page.locator("#findings li.error", { hasText: word });
  await error.waitFor();
  return error;
}

/** How many characters the policy has, once there is one. */
async function size(page) {
  await page.locator("#policy").waitFor();
  return page.locator("#meter").evaluate((meter) => meter.value);
}

/** A name for what has the focus, which has to show that it has. */
async function focused(page) {
  const stop = await page.evaluate(() => {
    const active = document.activeElement;
    return active.closest("#findings")?.id ?? (active.id || active.tagName);
  });
  const shown = page.waitForFunction(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    return outlineStyle !== "none" && outlineWidth !== "0px";
  });
  await shown.catch(() => assert.fail(`the focus does not show on ${stop}`));
  return stop;
}

async function current() {
  const response = await fetch(`${url}/v1/scopes`, { headers: { Authorization: `Bearer ${token}` } });
  return { text: await response.text(), etag: response.headers.get("etag") };
}

await scenarios[name]();
process.stdout.write(JSON.stringify({ played: name }));
