import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { firstSteps } from "../../src/platform/first-steps.ts";

const text = firstSteps({ gatewayUrl: "http://g:1", reportsUrl: "http://r:2" });

test("the lines, pasted into a shell, send one click and one order of one user", () => {
  const commands = text.slice(text.indexOf("  N="), text.indexOf("and see"));
  // curl itself is replaced: what it would send is printed.
  const script = `curl() { shift 5; printf '%s' "$1"; }\n${commands}`;
  const sent = JSON.parse(execFileSync("sh", ["-c", script], { encoding: "utf8" })) as {
    events: { id: string; type: string; time: number; userId: string; orderId?: string }[];
  };
  const [click, order] = sent.events;
  expect(sent.events.map(({ type }) => type)).toEqual(["click", "conversion"]);
  expect(order?.userId).toBe(click?.userId);
  expect(order?.id).not.toBe(click?.id);
  expect(Math.abs((click?.time ?? 0) - Date.now())).toBeLessThan(5000);
});

test("they fit a terminal of 100 columns", () => {
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
