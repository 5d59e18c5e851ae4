// The broker that serves this page: asked, and its scope document read and replaced.

/** A document, and the tag that tells whether it is still the current one. */
export interface Published {
  text: string;
  etag: string;
}

/** What the broker says of a document that it has taken. */
export interface Receipt {
  version: number;
  etag: string;
  warnings: number;
}

/** An answer that is no success (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
    this.name = "Problem";
  }
}

/** The current document; `undefined` where none was published yet. */
export async function current(token: string): Promise<Published | undefined> {
  const response = await call(token, "GET", "/v1/scopes");
  if (response.status === 404) return undefined;
  if (!response.ok) throw await problem(response);
  return { text: await response.text(), etag: tag(response) };
}

/** Replaces the document of that tag. Without a tag, publishes the first one, and never replaces one. */
export async function publish(token: string, text: string, etag: string | undefined): Promise<Receipt> {
  const precondition: Record<string, string> = etag === undefined ? { "If-None-Match": "*" } : { "If-Match": etag };
  const response = await call(token, "PUT", "/v1/scopes", { "Content-Type": "application/yaml", ...precondition }, text);
  if (!response.ok) throw await problem(response);
  const { version, findings } = (await response.json()) as { version: number; findings: unknown[] };
  return { version, etag: tag(response), warnings: findings.length };
}

/** Asks the broker. What it refuses is an answer like any other; `problem` reads it. */
export async function call(
  token: string,
  method: "GET" | "POST" | "PUT",
  path: string,
  headers: Record<string, string> = {},
  body: string | null = null,
): Promise<Response> {
  const request: RequestInit = {
    method,
    headers: { Authorization: `Bearer ${token}`, ...headers },
    body,
    // The token is all that says who asks; nothing of it or of the document stays in the browser.
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
  };
  try {
    return await fetch(path, request);
  } catch (cause) {
    throw new Error("the broker cannot be reached", { cause });
  }
}

function tag(response: Response): string {
  const etag = response.headers.get("ETag");
  if (etag === null) throw new Error("the broker's answer has no ETag");
  return etag;
}

/** Why an answer is no success. */
export async function problem(response: Response): Promise<Problem> {
  const fallback = { code: "unknown", detail: `the broker answered ${response.status}` };
  const body = (await response.json().catch(() => fallback)) as Partial<typeof fallback>;
  return new Problem(response.status, body.code ?? fallback.code, body.detail ?? fallback.detail);
}
