// The built console beside the audit routes of a broker, of a log that tests change as they like.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

/** What `deputize up` sends with the console: its own tests hold that. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
  ".wasm": "application/wasm",
};

export const TOKEN = "an-auditor";

/** How many entries a page has. */
const LIMIT = 10;

/**
 * Serves a folder and a ledger. `tampered` is a function that changes the answers of routes: it is given the route's
 * name and its answer. `asked` collects what was asked for.
 */
export async function serve(folder, ledger, tampered = (_, answer) => answer) {
  const broker = { ledger, tampered, asked: [] };
  const server = createServer((request, response) => {
    answer(folder, broker, request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${server.address().port}`;
  return Object.assign(broker, { url, close: () => server.close() });
}

async function answer(folder, broker, request, response) {
  const url = new URL(request.url, "http://stub");
  if (!url.pathname.startsWith("/v1/")) {
    const file = url.pathname === "/" ? "index.html" : url.pathname.slice(1);
    const headers = { "content-security-policy": POLICY, "content-type": TYPES[path.extname(file)] };
    response.writeHead(200, headers).end(await readFile(path.join(folder, file)));
    return;
  }
  const body = await text(request);
  broker.asked.push({ path: url.pathname, query: Object.fromEntries(url.searchParams), body });
  if (request.headers.authorization !== `Bearer ${TOKEN}`) {
    problem(response, 401, "unauthenticated");
    return;
  }
  const [name, found] = route(broker.ledger, request.method, url, body);
  if (found === undefined) {
    problem(response, 404, "not_found");
    return;
  }
  const changed = broker.tampered(name, structuredClone(found));
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(changed));
}

function route(ledger, method, { pathname, searchParams }, body) {
  const proved = /^\/v1\/audit\/entries\/([^/]+)\/proof$/.exec(pathname);
  if (proved !== null) {
    const sequence = ledger.entries.findIndex(({ event }) => event.id === proved[1]);
    return ["proof", sequence < 0 ? undefined : ledger.proof(sequence)];
  }
  if (pathname === "/v1/audit/entries") return ["entries", page(ledger, searchParams)];
  if (pathname === "/v1/audit/exports" && method === "POST") {
    const { control } = JSON.parse(body);
    const kinds = ["credential_issued", "credential_refused"];
    return ["exports", { id: "export", control, kinds, checkpoint: ledger.checkpoint(), key: ledger.key, logs: [] }];
  }
  return ["unknown", undefined];
}

function page(ledger, query) {
  const kinds = (query.get("kind") ?? "").split(",").filter((kind) => kind !== "");
  const [agent, from, to] = ["agent", "from", "to"].map((name) => query.get(name));
  const matching = ledger.entries
    .filter(({ event }) => kinds.length === 0 || kinds.includes(event.event))
    .filter(({ event }) => agent === null || event.agent === agent)
    .filter(({ event }) => (from === null || event.at >= from) && (to === null || event.at < to))
    .map(({ sequence }) => ledger.listed(sequence))
    .reverse();
  const start = Number(query.get("cursor") ?? 0);
  const next = start + LIMIT < matching.length ? { next: String(start + LIMIT) } : {};
  return { entries: matching.slice(start, start + LIMIT), ...next };
}

function problem(response, status, code) {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", status, code, detail: code }));
}

async function text(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}
