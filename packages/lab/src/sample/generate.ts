/** The bundled sample: invented journeys of a month, the same for the same seed. */
import type { TributaryEvent } from "@tributary/protocol";
import { below, createRandom, hex, type Random, weighted } from "./random.ts";
import { CUSTOM_NAMES, GOALS, TRAFFIC } from "./traffic.ts";

export interface SampleOptions {
  readonly seed: number;
  readonly users: number;
  /** Event time of the earliest possible event, ms since 1970. */
  readonly startMs: number;
}

/** The sample of `tributary start`: fixed, so that playing it again changes nothing. */
export const BUNDLED_SAMPLE: SampleOptions = Object.freeze({
  seed: 20_261_001,
  users: 2000,
  startMs: Date.UTC(2026, 9, 1),
});

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Journeys begin within this. */
const SPREAD_MS = 18 * DAY_MS;
const DUPLICATE_SHARE = 0.02;
const LATE_SHARE = 0.03;
const MEAN_TOUCHES = 4.4;
/** Orders are numbered from here on, as the documentation's examples have them. */
const FIRST_ORDER = 1001;

/** An event and when it reaches the platform; only the order of arrivals counts. */
interface Arrival {
  readonly event: TributaryEvent;
  readonly arrivalMs: number;
}

/**
 * The events in the order in which they are sent: about six a user, 2 % of them twice, 3 % of the touchpoints
 * days late, so that some come after the conversion that they led to.
 */
export function generateSample(options: SampleOptions): TributaryEvent[] {
  const random = createRandom(options.seed);
  const arrivals: Arrival[] = [];
  let lastOrder = FIRST_ORDER - 1;
  const nextOrder = (): string => {
    lastOrder += 1;
    return `order-${lastOrder}`;
  };
  for (let user = 0; user < options.users; user += 1) {
    for (const event of journey(random, user, options, nextOrder)) {
      const isTouchpoint =
        event.type === "click" || event.type === "visit" || event.type === "impression";
      const late = isTouchpoint && random() < LATE_SHARE ? (1 + below(random, 6)) * DAY_MS : 0;
      const arrivalMs = event.time + late + below(random, 30_000);
      arrivals.push({ event, arrivalMs });
      if (random() < DUPLICATE_SHARE) {
        arrivals.push({ event, arrivalMs: arrivalMs + below(random, 10 * MINUTE_MS) });
      }
    }
  }
  // A stable order for equal arrivals: the sort is stable, and the input's order is the seed's.
  return arrivals.sort((a, b) => a.arrivalMs - b.arrivalMs).map(({ event }) => event);
}

/** Generates one user's events; holds the user's ID and the current time. */
class Journey {
  readonly events: TributaryEvent[] = [];
  readonly #random: Random;
  readonly #identity: Pick<TributaryEvent, "userId" | "anonymousId">;
  timeMs: number;

  constructor(
    random: Random,
    identity: Pick<TributaryEvent, "userId" | "anonymousId">,
    timeMs: number,
  ) {
    this.#random = random;
    this.#identity = identity;
    this.timeMs = timeMs;
  }

  add(fields: Omit<TributaryEvent, "id" | "time">): void {
    this.events.push({
      id: uuid(this.#random),
      time: this.timeMs,
      ...this.#identity,
      ...fields,
    });
  }

  wait(minMs: number, maxMs: number): void {
    this.timeMs += minMs + below(this.#random, maxMs - minMs);
  }
}

function journey(
  random: Random,
  user: number,
  options: SampleOptions,
  nextOrder: () => string,
): readonly TributaryEvent[] {
  const number = String(user).padStart(5, "0");
  // Two in three users are known; the others are anonymous browsers.
  const identity =
    random() < 0.66 ? { userId: `customer-${number}` } : { anonymousId: uuid(random) };
  const walk = new Journey(random, identity, options.startMs + below(random, SPREAD_MS));
  // One in forty buys without a touchpoint: by phone, or with a blocker.
  let pull = random() < 0.025 ? 0 : addTouches(walk, random);
  if (pull === 0) pull = 4;
  let odds = 0.31 * pull;
  for (let order = 1; order <= 4 && random() < odds; order += 1) {
    addConversion(walk, random, nextOrder());
    odds = 0.22;
    walk.wait(DAY_MS, 5 * DAY_MS);
    if (random() < 0.5) walk.add({ type: "visit", url: "https://shop.example/account" });
  }
  return walk.events;
}

/** @returns how strongly the touchpoints pull towards a purchase, 1 on average */
function addTouches(walk: Journey, random: Random): number {
  const count = 1 + Math.min(Math.floor(-Math.log(1 - random()) * MEAN_TOUCHES), 14);
  let pull = 0;
  for (let i = 0; i < count; i += 1) {
    const traffic = weighted(random, TRAFFIC);
    walk.add({ type: traffic.type, ...traffic.origin(random) });
    pull += traffic.pull;
    if (traffic.type !== "impression" && random() < 0.22) {
      walk.wait(20_000, 8 * MINUTE_MS);
      walk.add({
        type: "custom",
        name: CUSTOM_NAMES[below(random, CUSTOM_NAMES.length)] ?? CUSTOM_NAMES[0],
        properties: { articles: 1 + below(random, 4) },
      });
    }
    walk.wait(10 * MINUTE_MS, 2 * DAY_MS);
  }
  return pull / count;
}

function addConversion(walk: Journey, random: Random, orderId: string): void {
  const goal = weighted(random, GOALS);
  const cents = goal.minCents + below(random, goal.maxCents - goal.minCents);
  walk.add({ type: "conversion", name: goal.name, value: euros(cents), currency: "EUR", orderId });
  if (random() > 0.05) return;
  // A full or partial refund.
  walk.wait(DAY_MS, 4 * DAY_MS);
  walk.add({
    type: "refund",
    orderId,
    ...(random() < 0.5 ? {} : { value: euros(Math.floor(cents / 2)), currency: "EUR" }),
  });
}

/** Cents as plain decimal text. */
function euros(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}

/** A version 4 UUID, which travels as 16 bytes. */
function uuid(random: Random): string {
  const digits = hex(random, 32);
  const variant = "89ab"[below(random, 4)] ?? "8";
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
}
