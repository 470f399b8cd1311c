import { expect, test } from "vitest";
import { CHANNEL_DISPLAY_NAMES, CHANNELS, isDirect } from "../../src/channel/channels.ts";

test("every channel has its display name, and the other way round", () => {
  expect(Object.keys(CHANNEL_DISPLAY_NAMES)).toEqual([...CHANNELS]);
});

test("only direct is direct", () => {
  expect(CHANNELS.filter((channel) => isDirect(channel))).toEqual(["direct"]);
  expect(isDirect("Direct")).toBe(false);
  expect(isDirect("")).toBe(false);
});
