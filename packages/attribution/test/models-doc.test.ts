import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CHANNEL_DISPLAY_NAMES, CHANNELS } from "../src/channel/channels.ts";
import { CHANNEL_RULES } from "../src/channel/classify.ts";
import { CLICK_IDS } from "../src/channel/click-ids.ts";
import { ATTRIBUTION_ERROR_CODES } from "../src/errors.ts";
import { PATH_TRANSFORMS } from "../src/data-driven/transforms.ts";
import {
  DEFAULT_JOURNEY_MODEL_OPTIONS,
  JOURNEY_MODEL_NAMES,
} from "../src/models/journey-models.ts";
import { TOUCH_TYPES } from "../src/models/journey-path.ts";

/** The page, its tables without the padding of their columns. */
const page = readFileSync(new URL("../../../docs/models.md", import.meta.url), "utf8").replaceAll(
  / +/g,
  " ",
);

test("docs/models.md names every model, transform, rule and error code", () => {
  const names = [
    ...JOURNEY_MODEL_NAMES,
    ...PATH_TRANSFORMS,
    ...TOUCH_TYPES,
    ...CHANNEL_RULES,
    ...ATTRIBUTION_ERROR_CODES,
  ];
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test("docs/models.md gives every channel with its name in GA4", () => {
  const rows = CHANNELS.map((channel) => `| \`${channel}\` | ${CHANNEL_DISPLAY_NAMES[channel]} |`);
  expect(rows.filter((row) => !page.includes(row))).toEqual([]);
});

test("docs/models.md lists the click identifiers in their order", () => {
  const places = CLICK_IDS.map(({ param }) =>
    page.indexOf(`\`${param}\``, page.indexOf("| parameter |")),
  );
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test("docs/models.md gives the defaults", () => {
  const { positionBased, timeDecay, wShaped } = DEFAULT_JOURNEY_MODEL_OPTIONS;
  expect(page).toContain(`| \`positionBased.firstWeight\` (f) | ${positionBased.firstWeight} |`);
  expect(page).toContain(`| \`positionBased.lastWeight\` (l) | ${positionBased.lastWeight} |`);
  expect(page).toContain(`| \`timeDecay.halfLifeMs\` (h) | ${timeDecay.halfLifeMs} (7 days) |`);
  expect(page).toContain(`| \`wShaped.firstWeight\` (f) | ${wShaped.firstWeight} |`);
  expect(page).toContain(`| \`wShaped.leadWeight\` (m) | ${wShaped.leadWeight} |`);
  expect(page).toContain(`| \`wShaped.lastWeight\` (l) | ${wShaped.lastWeight} |`);
});
