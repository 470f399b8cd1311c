/**
 * The order of events, their batches, how often they come, how many workers and partitions there are: none of it changes a
 * report by one unit. Each tenant of a platform gets the same events in a way of its own.
 */
import { startPlatform, type Platform } from "@tributary/platform";
import fc from "fast-check";
import { afterEach, expect, it } from "vitest";
import { temporaryDataDir } from "../support/tributary.ts";

const TIMEOUT_MS = 90_000;
const SEED = 20_261_127;
const TENANTS = ["a", "b", "c", "d"];
const T0 = Date.now() - 40 * 86_400_000;
const HOUR_MS = 3_600_000;

interface Event {
  readonly id: string;
  readonly [field: string]: unknown;
}

const touch = fc.record({
  type: fc.constantFrom("impression", "click", "visit"),
  campaign: fc.constantFrom("spring", "sale", "brand"),
  channel: fc.constantFrom("email", "display", "direct", "paid_search"),
});
const purchase = fc.record({
  type: fc.constant("conversion"),
  value: fc.constantFrom("0.01", "19.99", "100", "3333333.333333333333"),
  currency: fc.constantFrom("EUR", "USD"),
});
const refund = fc.record({
  type: fc.constant("refund"),
  value: fc.constantFrom("0.01", "5"),
  currency: fc.constantFrom("EUR", "USD"),
});
const identify = fc.record({ type: fc.constant("identify") });
/** Twelve people with a device each; what they do there is known to be theirs, or not. */
const who = fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 2 }));
/** Hours are few, so that events meet in one millisecond. */
const events = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 8, arbitrary: touch },
        { weight: 3, arbitrary: purchase },
        { weight: 1, arbitrary: refund },
        { weight: 1, arbitrary: identify },
      ),
      fc.integer({ min: 0, max: 30 * 24 }),
      who,
    ),
    { minLength: 300, maxLength: 300 },
  )
  .map((all) =>
    all.map(([fields, hour, [person, known]], i): Event => {
      const userId = `user-${person}`;
      const anonymousId = `device-${person}`;
      const both = fields.type === "identify" || known === 2;
      // Of an order that came twice the first to arrive would count: each is reported once.
      const isRefund = fields.type === "refund";
      const order = isRefund
        ? all.findLastIndex(([{ type }], j) => j < i && type === "conversion")
        : i;
      return {
        id: `e${(i * 37) % 311}`,
        time: T0 + hour * HOUR_MS,
        ...(both ? { userId, anonymousId } : known === 1 ? { userId } : { anonymousId }),
        ...fields,
        ...(isRefund || fields.type === "conversion" ? { orderId: `o${order}` } : {}),
      };
    }),
  );

/** The same events in another order, some twice, in batches of other sizes. */
function arrivals(all: readonly Event[], random: () => number): readonly (readonly Event[])[] {
  const twice = all.filter(() => random() < 0.2);
  const shuffled = [...all, ...twice]
    .map((event) => ({ event, at: random() }))
    .toSorted((x, y) => x.at - y.at)
    .map(({ event }) => event);
  const batches: Event[][] = [];
  for (let from = 0; from < shuffled.length;) {
    const size = 1 + Math.floor(random() * 60);
    batches.push(shuffled.slice(from, from + size));
    from += size;
  }
  return batches;
}

const data = temporaryDataDir();
let platform: Platform | undefined;
afterEach(async () => {
  await platform?.stop();
  data.remove();
});

const headers = (tenant: string) => ({
  authorization: `Bearer key-${tenant}`,
  "content-type": "application/json",
});

async function send(gatewayUrl: string, tenant: string, batches: readonly (readonly Event[])[]) {
  for (const batch of batches) {
    const body = JSON.stringify(batch);
    const answer = await fetch(`${gatewayUrl}/v1/events`, {
      method: "POST",
      headers: headers(tenant),
      body,
    });
    expect(await answer.json()).toMatchObject({ accepted: batch.length, refused: [] });
  }
}

async function ask(reportsUrl: string, tenant: string, path: string): Promise<unknown> {
  return (await fetch(`${reportsUrl}${path}`, { headers: headers(tenant) })).json();
}

it(
  "any arrival of the same events, by any number of workers, ends in the same reports",
  { timeout: TIMEOUT_MS },
  async () => {
    const [sample] = fc.sample(events, { seed: SEED, numRuns: 1 });
    const all = sample ?? [];
    let state = SEED;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const keys = TENANTS.map((tenant) => `key-${tenant}=${tenant}`).join(",");
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      workers: 2,
      partitions: 3,
      environment: {
        ...process.env,
        OTEL_TRACES_EXPORTER: "none",
        TRIBUTARY_WRITE_KEYS: keys,
        TRIBUTARY_READ_KEYS: keys,
      },
    });
    const { gatewayUrl, reportsUrl } = platform;
    // The first in the order of time, at once; the others at the same time, each in an order of its own.
    const inOrder = all.toSorted((x, y) => Number(x["time"]) - Number(y["time"]));
    const [first = "", ...others] = TENANTS;
    await send(gatewayUrl, first, [inOrder]);
    await Promise.all(
      others.map(async (tenant) => send(gatewayUrl, tenant, arrivals(all, random))),
    );
    expect(await ask(reportsUrl, first, "/v1/settled?timeoutMs=30000")).toEqual({ settled: true });

    const questions = [
      "/v1/reports/attribution?model=all&by=channel,campaign",
      "/v1/reports/attribution?model=w_shaped,markov,shapley&by=channel&window=14d",
      "/v1/reports/attribution?model=linear&by=day,campaign&timeZone=Europe/Berlin",
      "/v1/reports/counts?by=campaign&interval=day",
      "/v1/reports/paths?limit=1000",
      "/v1/reports/assists?by=campaign",
      "/v1/reports/time-to-convert",
    ];
    for (const question of questions) {
      const rowsOf = async (tenant: string) => {
        const { rows, totals } = (await ask(reportsUrl, tenant, question)) as {
          rows: unknown[];
          totals: unknown;
        };
        return { rows, totals };
      };
      const wanted = await rowsOf(first);
      expect(wanted.rows.length).toBeGreaterThan(0);
      for (const tenant of others) {
        expect({ question, ...(await rowsOf(tenant)) }).toEqual({ question, ...wanted });
      }
    }
    for (const tenant of TENANTS) {
      const { events: counted, money } = (await ask(
        reportsUrl,
        tenant,
        "/v1/reports/conservation",
      )) as {
        events: { accepted: number; duplicates: number; residue: number };
        money: { residue: string }[];
      };
      expect(counted.residue).toBe(0);
      expect(counted.accepted - counted.duplicates).toBe(all.length);
      expect(money.map(({ residue }) => residue)).toEqual(money.map(() => "0"));
      expect(await ask(reportsUrl, tenant, "/v1/audit")).toMatchObject({ different: 0 });
    }
  },
);
