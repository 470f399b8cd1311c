import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../src/core/post.ts";

const REFUSED = [{ index: 0, field: "currency", reason: "expected an ISO 4217 code" }];
const error = (code: string): string =>
  JSON.stringify({
    error: { code, reason: "why" },
    refused: code === "all_refused" ? REFUSED : [],
  });

describe("outcomeOf", () => {
  it.each([
    [202, '{"accepted":1,"refused":[]}', { kind: "taken", status: 202, refused: [] }],
    [200, "", { kind: "taken", status: 200, refused: [] }],
    [202, JSON.stringify({ refused: REFUSED }), { kind: "taken", status: 202, refused: REFUSED }],
    [400, error("all_refused"), { kind: "taken", status: 400, refused: REFUSED }],
    [400, error("body_malformed"), { kind: "rejected", status: 400, reason: "why" }],
    [401, error("unauthorized"), { kind: "rejected", status: 401, reason: "why" }],
    [404, "<html>", { kind: "rejected", status: 404, reason: "the answer was 404" }],
    [413, error("body_too_large"), { kind: "too_large", status: 413, reason: "why" }],
    [408, "", { kind: "later", status: 408, reason: "the answer was 408" }],
    [500, "null", { kind: "later", status: 500, reason: "the answer was 500" }],
    [503, error("redis_away"), { kind: "later", status: 503, reason: "why" }],
  ])("%i %s", (status, text, outcome) => {
    expect(outcomeOf(status, null, text)).toEqual(outcome);
  });

  it.each([
    ["2", 2000],
    ["0", 0],
    ["999999", 3_600_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ])("waits as a 429 says: Retry-After %s", (header, afterMs) => {
    expect(outcomeOf(429, header, "")).toMatchObject({ kind: "later", afterMs });
  });

  it.each([null, "", "soon"])("waits as it likes where the gateway says %j", (header) => {
    expect(outcomeOf(429, header, "")).not.toHaveProperty("afterMs");
  });
});
