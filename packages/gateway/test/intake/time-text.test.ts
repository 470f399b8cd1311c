import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseTimeText } from "../../src/intake/time-text.ts";

const AT = Date.UTC(2026, 10, 23, 16, 46, 14, 667);
let zone: string | undefined;
beforeEach(() => {
  zone = process.env["TZ"];
  process.env["TZ"] = "America/New_York";
});
afterEach(() => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

describe("a time as text, on a machine in New York", () => {
  it.each([
    ["2026-11-23T16:46:14.667Z", AT],
    ["2026-11-23T16:46:14.667", AT],
    [" 2026-11-23 16:46:14,667 ", AT],
    ["2026-11-23T16:46", AT - 14_667],
    ["2026-11-23T18:46:14.667+02:00", AT],
    ["2026-11-23", Date.UTC(2026, 10, 23)],
    [String(AT), AT],
    ["yesterday", Number.NaN],
    ["", Number.NaN],
  ])("%j", (text, ms) => expect(parseTimeText(text)).toBe(ms));
});
