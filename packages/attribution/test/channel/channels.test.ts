import { expect, test } from "vitest";
import { CHANNEL_DISPLAY_NAMES, CHANNELS, DIRECT_CHANNELS } from "../../src/channel/channels.ts";

test("every channel has its display name, and the other way round", () => {
  expect(Object.keys(CHANNEL_DISPLAY_NAMES)).toEqual([...CHANNELS]);
});

test("only direct is direct", () => {
  expect(DIRECT_CHANNELS).toEqual(["direct"]);
});
