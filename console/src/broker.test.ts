import { afterEach, describe, expect, test, vi } from "vitest";

import { Problem, current, publish } from "./broker";

/** Answers the next call, and remembers it. */
function broker(response: Response) {
  const fetched = vi.fn<typeof fetch>().mockResolvedValue(response);
  vi.stubGlobal("fetch", fetched);
  const request = () => fetched.mock.lastCall?.[1];
  return { header: (name: string) => new Headers(request()?.headers).get(name), request };
}

const problem = (status: number, code: string) =>
  new Response(JSON.stringify({ code, detail: `about ${code}` }), { status });

afterEach(() => vi.unstubAllGlobals());

describe("the current document", () => {
  test("comes with its tag, asked for by the token and by nothing else", async () => {
    const { header, request } = broker(new Response("version: 1", { headers: { ETag: '"abc"' } }));
    expect(await current("canary")).toEqual({ text: "version: 1", etag: '"abc"' });
    expect(header("Authorization")).toBe("Bearer canary");
    expect(request()).toMatchObject({ credentials: "omit", cache: "no-store", redirect: "error" });
  });

  test("may not be there yet", async () => {
    broker(problem(404, "not_found"));
    expect(await current("canary")).toBeUndefined();
  });

  test("is refused to a wrong token with the broker's own words", async () => {
    broker(problem(401, "unauthenticated"));
    await expect(current("canary")).rejects.toMatchObject({ status: 401, message: "about unauthenticated" });
  });

  test("is not invented where something else answers", async () => {
    broker(new Response("<html>bad gateway</html>", { status: 502 }));
    await expect(current("canary")).rejects.toMatchObject({ status: 502, code: "unknown" });
  });
});

describe("publishing", () => {
  const taken = () => new Response('{"version":3,"findings":[{}]}', { headers: { ETag: '"def"' } });

  test("replaces only the document that was loaded", async () => {
    const { header, request } = broker(taken());
    expect(await publish("canary", "version: 1", '"abc"')).toEqual({ version: 3, etag: '"def"', warnings: 1 });
    expect([header("If-Match"), header("If-None-Match")]).toEqual(['"abc"', null]);
    expect([request()?.method, request()?.body]).toEqual(["PUT", "version: 1"]);
  });

  test("without a tag replaces nothing", async () => {
    const { header } = broker(taken());
    await publish("canary", "version: 1", undefined);
    expect([header("If-Match"), header("If-None-Match")]).toEqual([null, "*"]);
  });

  test("says when another document was published meanwhile", async () => {
    broker(problem(412, "precondition_failed"));
    const published = publish("canary", "version: 1", '"abc"');
    await expect(published).rejects.toBeInstanceOf(Problem);
    await expect(published).rejects.toMatchObject({ status: 412, code: "precondition_failed" });
  });

  test("says when nobody is there", async () => {
    vi.stubGlobal("fetch", vi.fn<typeof fetch>().mockRejectedValue(new TypeError("Failed to fetch")));
    await expect(publish("canary", "version: 1", undefined)).rejects.toThrow("cannot be reached");
  });
});
