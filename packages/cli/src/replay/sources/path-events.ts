/**
 * Rows of aggregated paths (the form of ChannelAttribution's PathData: path, total_conversions,
 * total_conversion_value, total_null) as the journeys that they count.
 */
import { createHash } from "node:crypto";
import { formatDecimal, type TributaryEvent } from "@tributary/protocol";
import { shareOfTotal } from "./split-value.ts";

export interface PathRow {
  /** Channels, in order; at least one. */
  readonly channels: readonly string[];
  readonly conversions: number;
  readonly nulls: number;
  /** Of all conversions together, units of 10^-12. */
  readonly value: bigint;
  /** ISO 4217. */
  readonly currency: string;
  /** Names the row's content and nothing else, see {@link pathRowKey}. */
  readonly key: string;
}

const BASE_MS = Date.UTC(2024, 0, 1);
const STEP_MS = 60_000;
const SPREAD_MS = 30 * 24 * 60 * STEP_MS;
/** 2^32 divided by the golden ratio: multiples of it spread evenly (Knuth, TAOCP 3, 6.4). */
const GOLDEN = 0x9e3779b1;

/**
 * First 12 hexadecimal digits of the SHA-256 of a row's text, and which of the file's equal rows it is, from 1:
 * a file with its rows in another order gives the same keys.
 */
export function pathRowKey(cells: readonly string[], occurrences: Map<string, number>): string {
  const digest = createHash("sha256").update(cells.join("\u0000")).digest("hex").slice(0, 12);
  const occurrence = (occurrences.get(digest) ?? 0) + 1;
  occurrences.set(digest, occurrence);
  return `${digest}-${occurrence}`;
}

/**
 * The row's journeys, each of a user of its own: first the converting ones, then the others. Touchpoints are clicks
 * a minute apart with an explicit channel; a conversion follows the last by a minute and carries its exact share of
 * the row's value. Journeys begin within the 30 days from 2024-01-01 on, at a time that follows from the key.
 * Cost: about 1 µs an event.
 */
export function* expandPathRow(row: PathRow): Generator<TributaryEvent> {
  const { channels, conversions, nulls, value, currency, key } = row;
  const seed = Number.parseInt(key.slice(0, 8), 16);
  for (let journey = 0; journey < conversions + nulls; journey += 1) {
    const userId = `${key}-${journey}`;
    const start = BASE_MS + spread(seed, journey);
    for (let i = 0; i < channels.length; i += 1) {
      yield {
        id: `${userId}-${positionText(i)}`,
        type: "click",
        time: start + i * STEP_MS,
        userId,
        channel: channels[i] ?? "",
      };
    }
    if (journey >= conversions) continue;
    yield {
      id: `${userId}-${positionText(channels.length)}`,
      type: "conversion",
      time: start + channels.length * STEP_MS,
      userId,
      value: formatDecimal(shareOfTotal(value, conversions, journey)),
      currency,
    };
  }
}

function spread(seed: number, journey: number): number {
  const mixed = Math.imul(seed ^ (journey + 1), GOLDEN) >>> 0;
  return Math.floor((mixed / 4_294_967_296) * SPREAD_MS);
}

const POSITIONS = Array.from({ length: 1000 }, (_, i) => String(i).padStart(4, "0"));

function positionText(position: number): string {
  return POSITIONS[position] ?? String(position).padStart(4, "0");
}
