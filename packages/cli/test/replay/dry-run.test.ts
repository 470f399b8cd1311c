import type { TributaryEvent } from "@tributary/protocol";
import { expect, test } from "vitest";
import { DryRun } from "../../src/replay/dry-run.ts";

const good = { id: "a", type: "click", time: 1_700_000_000_000, userId: "u" };

test("an event that the gateway would refuse is refused with its words and its bounds", async () => {
  const events = [
    good,
    { ...good, id: "" },
    { ...good, type: "purchase" },
    { ...good, time: Date.now() + 10 * 86_400_000 },
    { ...good, properties: { text: "x".repeat(2000) } },
  ] as unknown as TributaryEvent[];
  const { accepted, refused } = await new DryRun({ TRIBUTARY_MAX_EVENT_BYTES: "1000" }).send(
    events,
  );
  expect(accepted).toBe(1);
  expect(refused.map(({ index, field }) => [index, field])).toEqual([
    [1, "id"],
    [2, "type"],
    [3, "time"],
    [4, "event"],
  ]);
});
