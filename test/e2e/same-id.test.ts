/** One event ID under several user keys: no conversion vanishes, and none of one person counts twice, in whatever order they come. */
import { startPlatform, type Platform } from "@tributary/platform";
import { partitionOf } from "../../packages/protocol/src/index.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 180_000;
const NOW = Date.now();
const PARTITIONS = 4;

interface Ids {
  readonly userId?: string;
  readonly anonymousId?: string;
}

interface Case {
  readonly name: string;
  /** What is sent, each part when the one before is attributed. */
  readonly parts: readonly (readonly object[])[];
  /** Conversions that count, and duplicates among the conversions and among the touchpoints. */
  readonly conversions: number;
  readonly duplicates: number;
}

/** A text that begins with a name and belongs to a partition. */
function inPartition(name: string, partition: number): string {
  for (let i = 0; ; i += 1) {
    const id = `${name}-${i}`;
    if (partitionOf("default", id, PARTITIONS) === partition) return id;
  }
}

/** The cases of two senders, whose partitions are the same one or two. */
function casesOf(where: string, first: number, second: number): Case[] {
  const user = (name: string): Ids => ({ userId: inPartition(`${where}-${name}`, first) });
  const device = (name: string, partition = second): Ids => ({
    anonymousId: inPartition(`${where}-${name}`, partition),
  });
  const click = (name: string, who: Ids, secondsAgo: number) => ({
    id: `${where}-${name}-click-${JSON.stringify(who).length}-${secondsAgo}`,
    type: "click",
    time: NOW - secondsAgo * 1000,
    channel: `${where}-${name}`,
    ...who,
  });
  const bought = (name: string, who: Ids, secondsAgo = 20) => ({
    id: `${where}-${name}-order`,
    type: "conversion",
    time: NOW - secondsAgo * 1000,
    value: "10",
    currency: "USD",
    ...who,
  });
  const linked = (name: string, who: Ids, secondsAgo: number) => ({
    id: `${where}-${name}-link-${secondsAgo}`,
    type: "identify",
    time: NOW - secondsAgo * 1000,
    ...who,
  });
  const both = (name: string, who: Ids, secondsAgo: number) => [
    click(name, who, secondsAgo),
    bought(name, who, secondsAgo - 10),
  ];
  const pair = (name: string) => ({ u: user(`${name}-u`), a: device(`${name}-a`) });
  const strangers = pair("strangers");
  const unlinked = pair("unlinked");
  const later = pair("later");
  const page = pair("page");
  const server = pair("server");
  const returned = pair("returned");
  const others = device("devices-b", first);
  const devices = pair("devices");
  const other = { userId: inPartition(`${where}-other`, second) };
  const second2 = { userId: inPartition(`${where}-bob`, second) };
  return [
    {
      name: "strangers",
      parts: [both("strangers", strangers.u, 50), both("strangers", second2, 40)],
      conversions: 2,
      duplicates: 0,
    },
    {
      name: "unlinked",
      parts: [both("unlinked", unlinked.a, 50), both("unlinked", unlinked.u, 40)],
      conversions: 2,
      duplicates: 0,
    },
    {
      name: "later",
      parts: [
        both("later", later.u, 50),
        both("later", later.a, 45),
        [linked("later", { ...later.u, ...later.a }, 5)],
      ],
      conversions: 1,
      duplicates: 1,
    },
    {
      name: "page",
      parts: [
        [linked("page", { ...page.u, ...page.a }, 60)],
        both("page", page.a, 50),
        both("page", page.u, 40),
      ],
      conversions: 1,
      duplicates: 1,
    },
    {
      name: "server",
      parts: [
        [linked("server", { ...server.u, ...server.a }, 60), ...both("server", server.u, 40)],
        both("server", server.a, 50),
      ],
      conversions: 1,
      duplicates: 1,
    },
    {
      // Two devices of one person, of which the later one is linked first.
      name: "devices",
      parts: [
        both("devices", others, 50),
        both("devices", devices.a, 45),
        [linked("devices", { ...devices.u, ...others }, 10)],
        [linked("devices", { ...devices.u, ...devices.a }, 9)],
      ],
      conversions: 1,
      duplicates: 1,
    },
    {
      // The device turns out to have been somebody else's before.
      name: "returned",
      parts: [
        [...both("returned", returned.u, 50), ...both("returned", returned.a, 45)],
        [linked("returned", { ...returned.u, ...returned.a }, 10)],
        [linked("returned", { ...other, ...returned.a }, 60)],
      ],
      conversions: 2,
      duplicates: 0,
    },
  ];
}

const CASES = [...casesOf("one", 1, 1), ...casesOf("two", 2, 3)];
const DUPLICATES = CASES.reduce((sum, { duplicates }) => sum + duplicates, 0);
const CONVERSIONS = CASES.reduce((sum, { conversions }) => sum + conversions, 0);

interface Answer {
  readonly rows: readonly { channel: string; conversions: number; value: string }[];
}
interface Found {
  readonly reason: string;
  readonly key: string;
  readonly others?: readonly Found[];
}

describe("one event ID under two user keys", () => {
  const data = temporaryDataDir();
  let platform: Platform | undefined;
  let sent = 0;

  beforeAll(async () => {
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      partitions: PARTITIONS,
      environment: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
    });
    for (let part = 0; part < 4; part += 1) {
      const events = CASES.flatMap(({ parts }) => parts[part] ?? []);
      const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ events }),
      });
      expect(await answer.json()).toEqual({ accepted: events.length, refused: [] });
      sent += events.length;
      const settled = await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`);
      expect(await settled.json()).toEqual({ settled: true });
    }
  }, TIMEOUT_MS);
  afterAll(async () => {
    await platform?.stop();
    data.remove();
  });

  const ask = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${platform?.reportsUrl ?? ""}/v1/${path}`);
    expect([path, answer.status]).toEqual([path, 200]);
    return (await answer.json()) as T;
  };
  const reported = async (more: string) => {
    const { rows } = await ask<Answer>(`reports/attribution?model=linear&by=channel${more}`);
    return new Map(rows.map((row) => [row.channel, [row.conversions, row.value]]));
  };

  it(
    "counts the same streamed and recomputed, in every order",
    { timeout: TIMEOUT_MS },
    async () => {
      const expected = new Map(
        CASES.map(({ name, conversions }, i) => [
          `${i < CASES.length / 2 ? "one" : "two"}-${name}`,
          [conversions, String(conversions * 10)],
        ]),
      );
      const streamed = await reported("");
      for (const [channel, row] of expected)
        expect([channel, streamed.get(channel)]).toEqual([channel, row]);
      // With a window of their own reports are computed from the facts.
      expect(await reported("&clickWindow=29d")).toEqual(streamed);
      expect(streamed.size).toBe(CASES.length);
    },
  );

  it("leaves no residue, and nothing for an audit", { timeout: TIMEOUT_MS }, async () => {
    const { events, money, complete } = await ask<{
      complete: boolean;
      events: Record<string, number>;
      money: object[];
    }>("reports/conservation");
    expect({ complete, ...events }).toMatchObject({
      complete: true,
      accepted: sent,
      duplicates: DUPLICATES,
      conversionsAttributed: CONVERSIONS,
      residue: 0,
    });
    expect(money).toMatchObject([{ accepted: String(CONVERSIONS * 10), residue: "0" }]);
    const audited = await tributary(["audit", "--data", data.dir, "--json"]);
    expect(jsonOf(audited)).toMatchObject({ compared: CONVERSIONS, different: 0 });
  });

  it("shows all of an ID", { timeout: TIMEOUT_MS }, async () => {
    const strangers = await ask<Found>("conversions/two-strangers-order");
    expect([strangers.reason, strangers.others?.map(({ reason }) => reason)]).toEqual([
      "first",
      ["first"],
    ]);
    expect(strangers.key).not.toBe(strangers.others?.[0]?.key);
    const later = await ask<Found>("conversions/two-later-order");
    expect(later.others?.map(({ reason }) => reason)).toEqual(["duplicate"]);
    const shown = await tributary(["conversion", "two-later-order", "--data", data.dir]);
    expect(shown.stdout).toContain("duplicate");
  });
});
