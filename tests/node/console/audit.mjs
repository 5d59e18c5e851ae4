// What people do with the audit page. `node audit.mjs NAME BUILT MODULES CONSOLE SCREENSHOTS` plays one of the scenarios
// with a broker that is made for it, and fails where the page does not do its part.

import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { open } from "./browser.mjs";
import { Ledger } from "./ledger.mjs";
import { TOKEN, serve } from "./stub.mjs";

const [name, built, modules, sources, screenshots] = process.argv.slice(2);

const ORIGIN = "audit.example/acme/2026";
const SIZE = 37;

const scenarios = {
  async browse() {
    const { page, broker, done } = await visit();
    await page.locator("#find").click();
    await page.getByText("Paste the token of an auditor or admin first.").waitFor();
    await page.locator("#audit-token").fill("somebody-else");
    await page.locator("#find").click();
    await page.getByText("The broker does not know this token.").waitFor();

    await find(page);
    await page.getByText("10 entries.").waitFor();
    assert.deepEqual(await numbers(page), [36, 35, 34, 33, 32, 31, 30, 29, 28, 27]);
    await page.locator("#older").click();
    await page.getByText("20 entries.").waitFor();
    assert.match(await page.evaluate(() => document.activeElement.textContent), /\/26$/);
    for (const told of ["30 entries.", "37 entries; there are no others."]) {
      await page.locator("#older").click();
      await page.getByText(told).waitFor();
    }
    assert.equal(await page.locator("#older").isVisible(), false);

    await page.locator("#kind").fill("lease_revoked");
    await page.locator("#of-agent").fill("deploy");
    await page.locator("#lease").fill("lease-1");
    await page.locator("#from").fill("2026-03-01");
    await page.locator("#to").fill("2026-03-01");
    await page.locator("#find").click();
    await page.getByText("3 entries; there are no others.").waitFor();
    assert.deepEqual(await numbers(page), [27, 15, 3]);
    const { query } = broker.asked.at(-1);
    const range = { from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z" };
    assert.deepEqual(query, { kind: "lease_revoked", agent: "deploy", lease: "lease-1", ...range });
    const offered = await page.locator("#kinds option").evaluateAll((options) => options.map(({ value }) => value));
    assert.equal(offered.length, 4);

    await choose(page, 3);
    const event = JSON.parse(await page.locator("#entry-event").textContent());
    assert.deepEqual(event, broker.ledger.entries[3].event);
    await page.getByText("somebody@example.com").waitFor();
    await page.getByText("Kept outside of the tree").waitFor();
    await page.locator("#kind").fill("");
    await page.locator("#of-agent").fill("report");
    await page.locator("#find").click();
    await page.locator("#rows button", { hasText: "/34" }).click();
    await page.getByText("Erased:").waitFor();
    assert.equal(await page.getByText("somebody@example.com").count(), 0);
    await done();
  },

  async verify() {
    const { page, context, broker, done } = await visit();
    await find(page);
    await choose(page, 33);
    await page.locator("#verify").click();
    // Nothing is believed before somebody has pinned the key.
    await page.getByText("Not checked yet.").waitFor();
    const raw = Buffer.from(broker.ledger.key.split("+").slice(2).join("+"), "base64");
    const fingerprint = createHash("sha256").update(raw).digest("hex").replace(/.{4}(?=.)/g, "$& ");
    await page.locator("#first-use").getByText(fingerprint).waitFor();
    await page.screenshot({ path: path.join(screenshots, "audit-first-use.png"), fullPage: true });
    await page.getByRole("button", { name: "Pin this key" }).click();
    await page.locator("#verification .ok", { hasText: "Verified." }).waitFor();
    assert.match(await page.locator("#verification").textContent(), /among the first 37,/);
    await page.screenshot({ path: path.join(screenshots, "audit-verified.png"), fullPage: true });

    // The key outlives the page, and the token does not.
    const kept = await page.evaluate(() => [JSON.stringify(localStorage), sessionStorage.length]);
    assert.deepEqual(kept, [JSON.stringify({ "deputize.audit.keys": JSON.stringify([broker.ledger.key]) }), 0]);
    assert.deepEqual((await context.storageState()).cookies, []);
    await page.reload();
    assert.equal(await page.locator("#audit-token").inputValue(), "");
    await page.locator("#pinned").getByText(fingerprint).waitFor();

    // A log that was written anew, with another key, is not the one that was pinned.
    broker.ledger = new Ledger(ORIGIN, SIZE, 9);
    await find(page);
    await choose(page, 30);
    await refused(page, "not_signed");
    await page.getByText("The broker names another key than the one that is pinned.").waitFor();
    // Whoever forgets the pinned key is asked again.
    await page.getByRole("button", { name: /^Forget the key of/ }).click();
    await page.locator("#verify").click();
    await page.getByText("Not checked yet.").waitFor();
    // And what is pasted has to be a key.
    await page.locator("#pasted").fill(broker.ledger.key.replace("2026+", "2027+"));
    await page.locator("#pin").click();
    await page.locator("#keys-answer", { hasText: "Not pinned." }).waitFor();
    await page.locator("#pasted").fill(` ${broker.ledger.key} `);
    await page.locator("#pin").click();
    await page.locator("#verification .ok", { hasText: "Verified." }).waitFor();
    await done();
  },

  async tampered() {
    const ledger = new Ledger(ORIGIN, SIZE);
    const { page, broker, done } = await visit(ledger);
    await pin(page, ledger.key);
    await find(page);
    await choose(page, 33);
    const longer = new Ledger(ORIGIN, SIZE + 1);
    const other = new Ledger(ORIGIN, SIZE);
    other.entries[2].event.agent = "nobody";
    const rewritten = new Ledger(ORIGIN, SIZE);
    rewritten.leaves[2] = other.leaves[1];
    const changes = [
      ["other_root", (proof) => ({ ...proof, entry: proof.entry.replace("deploy", "report") })],
      ["other_root", (proof) => ({ ...proof, entry: proof.entry.replace("T09:3", "T09:4") })],
      ["malformed_entry", (proof) => ({ ...proof, entry: ` ${proof.entry}` })],
      ["other_entry", () => ledger.proof(32)],
      ["other_root", (proof) => ({ ...proof, proof: { ...proof.proof, hashes: proof.proof.hashes.toReversed() } })],
      ["malformed_proof", (proof) => ({ ...proof, proof: { ...proof.proof, hashes: ["AAAA"] } })],
      ["other_size", (proof) => ({ ...proof, checkpoint: longer.checkpoint() })],
      ["other_root", (proof) => ({ ...proof, checkpoint: rewritten.checkpoint() })],
      ["wrong_signature", (proof) => ({ ...proof, checkpoint: proof.checkpoint.replace(`\n${SIZE}\n`, "\n36\n") })],
      ["malformed_checkpoint", (proof) => ({ ...proof, checkpoint: proof.checkpoint.replace("\n\n", "\n") })],
    ];
    for (const [code, change] of changes) {
      broker.tampered = (route, answer) => (route === "proof" ? change(answer) : answer);
      await refused(page, code);
    }
    await page.screenshot({ path: path.join(screenshots, "audit-refused.png"), fullPage: true });

    // One entry is shown, and another is proved.
    const lies = [
      (entry) => (entry.event.agent = "nobody"),
      (entry) => (entry.event.approved = true),
      (entry) => delete entry.event.note,
      (entry) => (entry.recorded_at = "2026-03-01T09:33:01Z"),
      (entry) => (entry.subject = "somebody-else"),
      (entry) => delete entry.subject,
      (entry) => (entry.leaf = ledger.proof(33).proof.hashes[0]),
    ];
    for (const lie of lies) {
      broker.tampered = (route, answer) => {
        if (route === "entries") lie(answer.entries.find(({ sequence }) => sequence === 33));
        return answer;
      };
      await find(page);
      await choose(page, 33);
      await refused(page, "other_entry");
      await page.getByText("What is shown here is not what the log holds.").waitFor();
    }

    // What the page cannot read is told, too, and is not taken for a proof.
    broker.tampered = (route, answer) => (route === "proof" ? { ...answer, proof: { ...answer.proof, size: "37" } } : answer);
    await page.locator("#verify").click();
    await page.locator("#verification", { hasText: "Not checked. Proof: size is a whole number." }).waitFor();
    broker.tampered = (_, answer) => answer;
    await choose(page, 32);
    await page.locator("#verify").click();
    await page.locator("#verification .ok").waitFor();
    await done();
  },

  async evidence() {
    const { page, broker, done } = await visit();
    await page.locator("#audit-token").fill(TOKEN);
    await page.locator("#control").selectOption("CC6.1");
    await page.locator("#evidence-from").fill("2026-03-01");
    await page.locator("#evidence-to").fill("2026-03-31");
    await page.locator("#export").click();
    await page.getByText("19 entries, of which 19 were not checked").waitFor();
    await pin(page, broker.ledger.key);
    await page.locator("#export").click();
    await page.getByText("19 entries, each verified").waitFor();
    await page.screenshot({ path: path.join(screenshots, "audit-evidence.png"), fullPage: true });
    const range = { from: "2026-03-01T00:00:00Z", to: "2026-04-01T00:00:00Z" };
    const recorded = broker.asked.filter(({ path }) => path === "/v1/audit/exports");
    assert.deepEqual(JSON.parse(recorded.at(-1).body), { control: "CC6.1", ...range, format: "json" });

    const evidence = await download(page, "evidence-CC6.1-2026-03-01-2026-03-31.jsonl");
    const manifest = JSON.parse(await download(page, "evidence-CC6.1-2026-03-01-2026-03-31.manifest.json"));
    const lines = evidence.trimEnd().split("\n");
    assert.equal(lines.length, 19);
    assert.deepEqual(lines.map((line) => JSON.parse(line).sequence), manifest.rows.map(({ proof }) => proof.sequence));
    assert.equal(lines[0], broker.ledger.texts[JSON.parse(lines[0]).sequence]);
    assert.equal(manifest.population, 19);
    assert.equal(manifest.evidence.sha256, createHash("sha256").update(evidence).digest("hex"));
    assert.deepEqual(manifest.checkpoints, [broker.ledger.checkpoint()]);
    assert.deepEqual(manifest.rows[0].proof, broker.ledger.proof(manifest.rows[0].proof.sequence).proof);

    // A cell that a program would compute is text; and what is not proved is told.
    broker.tampered = (route, answer) => {
      if (route === "proof" && answer.proof.sequence === 4) answer.proof.hashes.pop();
      return answer;
    };
    await page.locator("#format").selectOption("csv");
    await page.locator("#export").click();
    await page.getByText("19 entries, of which 1 could not be verified").waitFor();
    const table = await download(page, "evidence-CC6.1-2026-03-01-2026-03-31.csv");
    assert.equal(table.trimEnd().split("\r\n").length, 20);
    assert.match(table, /,"'=cmd\(\)",/);
    await done();
  },

  async keyboard() {
    const { page, done } = await visit();
    await page.locator("#audit-token").fill(TOKEN);
    await page.locator("#audit-token").focus();
    await page.keyboard.press("Enter");
    await page.getByText("10 entries.").waitFor();
    await page.locator("nav a").last().focus();
    const before = ["audit-token", "kind", "of-agent", "lease", "from", "to", "find"];
    const after = ["rows", "older", "pasted", "pin", "control", "evidence-from", "evidence-to", "format", "export"];
    const expected = [...before, "list", ...after];
    assert.deepEqual(await stops(page, "export"), expected);

    // From the list to the entry that was chosen, and on to what checks it.
    await page.locator("#rows button").first().focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "entry-title");
    assert.deepEqual(await stops(page, "verify"), ["entry-event", "verify"]);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Pin this key" }).waitFor();
    assert.equal(await page.locator("#verification").getAttribute("role"), "status");
    await done();
  },

  async barriers() {
    const axe = await readFile(path.join(sources, "node_modules/axe-core/axe.min.js"), "utf8");
    for (const scheme of ["light", "dark"]) {
      const { page, broker, done } = await visit(new Ledger(ORIGIN, SIZE), scheme);
      // By the debugger, which the page's policy does not bind.
      await page.evaluate(axe);
      const check = async (state) => {
        const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
        const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`);
        assert.deepEqual(told, [], `${scheme}, ${state}`);
        assert.ok(passes.some(({ id }) => id === "color-contrast"), "contrast was not looked at");
        await page.screenshot({ path: path.join(screenshots, `audit-${scheme}-${state}.png`), fullPage: true });
      };
      await check("empty");
      await find(page);
      await choose(page, 34);
      await page.locator("#verify").click();
      await page.getByRole("button", { name: "Pin this key" }).waitFor();
      await check("first-use");
      await page.getByRole("button", { name: "Pin this key" }).click();
      await page.locator("#verification .ok").waitFor();
      await check("verified");
      broker.tampered = (route, answer) => (route === "proof" ? { ...answer, entry: `${answer.entry}\n` } : answer);
      await refused(page, "malformed_entry");
      await page.locator("#evidence-from").fill("2026-03-01");
      await page.locator("#evidence-to").fill("2026-03-01");
      await page.locator("#export").click();
      await page.getByText("could not be verified").waitFor();
      await check("refused");
      await done();
    }
  },
};

/** Opens the audit page of a broker with a log. */
async function visit(ledger = new Ledger(ORIGIN, SIZE), scheme = "light") {
  const broker = await serve(built, ledger);
  const { page, context, close } = await open({ url: broker.url, modules, scheme });
  await page.getByRole("link", { name: "Audit" }).click();
  await page.locator("#find").waitFor();
  assert.equal(await page.locator("#editor").isVisible(), false);
  const done = async () => {
    await close();
    broker.close();
  };
  return { page, context, broker, done };
}

async function find(page) {
  await page.locator("#audit-token").fill(TOKEN);
  await page.locator("#find").click();
  await page.locator("#search-answer", { hasText: /entr/ }).waitFor();
}

/** The places of the entries that are listed. */
async function numbers(page) {
  const texts = await page.locator("#rows button").allTextContents();
  return texts.map((text) => Number(text.split("/")[1]));
}

async function choose(page, sequence) {
  await page.locator("#rows button").getByText(`2026/${sequence}`, { exact: true }).click();
  await page.locator("#entry-title", { hasText: `Entry ${sequence} of 2026` }).waitFor();
}

/** Pins a key that was given by other ways. */
async function pin(page, key) {
  await page.locator("#pasted").fill(key);
  await page.locator("#pin").click();
  await page.locator("#keys-answer", { hasText: "Pinned for" }).waitFor();
}

async function refused(page, code) {
  await page.locator("#verify").click();
  const told = page.locator("#verification", { hasText: "Not verified." });
  await told.locator("code").getByText(code, { exact: true }).waitFor();
  assert.equal(await page.locator("#verification .ok").count(), 0);
}

/** The text of a file that the page offers. */
async function download(page, file) {
  const [offered] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: file, exact: true }).click(),
  ]);
  assert.equal(offered.suggestedFilename(), file);
  return readFile(await offered.path(), "utf8");
}

/** Where Tab stops until it comes to the last one; stops that follow one another in one place count once. */
async function stops(page, last) {
  const order = [];
  while (order.at(-1) !== last) {
    assert.ok(order.length < 60, `the order never ends: ${order}`);
    await page.keyboard.press("Tab");
    order.push(
      await page.evaluate(() => {
        const active = document.activeElement;
        return active.closest("#rows")?.id ?? (active.id || active.className || active.tagName);
      }),
    );
  }
  return order.filter((stop, index) => stop !== order[index - 1]);
}

await scenarios[name]();
process.stdout.write(JSON.stringify({ played: name }));
