import { describe, expect, it } from "vitest";
import { canonical } from "./canonical";
import { fingerprint, isSame, parse } from "./keys";
import { moment } from "./ledger";
import type { Entry } from "./ledger";
import { csv } from "./table";

const KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

const entry = (event: Partial<Entry["event"]>): Entry => ({
  year: 2026,
  sequence: 7,
  recorded_at: "2026-03-01T09:00:00Z",
  event: { id: "an-id", event: "credential_issued", at: "2026-03-01T08:59:59Z", ...event },
  leaf: "AAAA",
});

describe("what is compared", () => {
  it("does not depend on the order of members", () => {
    expect(canonical({ b: [1, null], a: { d: "x", c: true } })).toBe('{"a":{"c":true,"d":"x"},"b":[1,null]}');
  });
});

describe("a key", () => {
  it("is named after its log", () => {
    expect(parse(` ${KEY}\n`)).toEqual({ origin: "PeterNeumann", text: KEY });
  });

  it("may be that of two logs, and may have a plus in its base64", () => {
    const other = parse(KEY.replace("PeterNeumann+c74f20a3", "EnochRoot+00000000"));
    expect(isSame(parse(KEY), other)).toBe(true);
    expect(isSame(parse(`${KEY}+A`), parse(KEY))).toBe(false);
  });

  it("has a fingerprint in groups of four digits", async () => {
    expect(await fingerprint(parse(KEY))).toMatch(/^([0-9a-f]{4} ){15}[0-9a-f]{4}$/);
  });
});

describe("a day", () => {
  it("begins at midnight of UTC, and ends where the next one begins", () => {
    expect(moment("2026-03-01")).toBe("2026-03-01T00:00:00Z");
    expect(moment("2026-12-31", 1)).toBe("2027-01-01T00:00:00Z");
  });
});

describe("a table", () => {
  it("has quotes doubled, and a line for each entry below the names", () => {
    const [names, line, end] = csv([entry({ agent: 'the "first"' })]).split("\r\n");
    expect(names).toMatch(/^"year","sequence",/);
    expect(line).toContain(',"the ""first""",');
    expect(end).toBe("");
  });

  it("has no formulas", () => {
    for (const agent of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"]) {
      expect(csv([entry({ agent })])).toContain(`,"'${agent}",`);
    }
  });
});
