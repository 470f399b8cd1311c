import { expect, it } from "vitest";
import type { Lag } from "@tributary/reports/answers";
import { renderLag } from "../../../src/report/operate/lag-table.ts";

const idle = {
  undelivered: 0,
  pending: 0,
  oldestAgeSeconds: 0,
  entriesPerSecond: 0,
  eventsPerSecond: 0,
  secondsToDrain: 0,
  lost: 0,
  stranded: false,
};
const busy = {
  ...idle,
  undelivered: 1200,
  pending: 3,
  oldestAgeSeconds: 2.25,
  entriesPerSecond: 12.5,
  eventsPerSecond: 4000,
  secondsToDrain: 96.24,
};
const stuck = { ...busy, entriesPerSecond: 0, eventsPerSecond: 0, secondsToDrain: null };
const none = { entries: 0, oldestAgeSeconds: 0 };
const lag: Lag = {
  partitions: [
    { partition: 0, owner: "worker-1", epoch: 4, ...busy, warehouse: idle, outbox: none },
    {
      partition: 1,
      owner: null,
      epoch: 2,
      ...stuck,
      warehouse: { ...idle, pending: 7 },
      outbox: none,
    },
  ],
  total: { attribution: { ...stuck, undelivered: 2400 }, warehouse: { ...idle, pending: 7 } },
  outbox: none,
  webhooks: null,
  books: { accepted: 10, dropped_facts_per_user: 4 },
  booksResidue: 0,
  deadLetters: { count: 0, oldestAgeSeconds: 0 },
};

it("has a row for each partition and their sum, and `never` where nothing drains", () => {
  const lines = renderLag(lag).split("\n");
  expect(lines[3]).toMatch(
    /^0\s+worker-1\s+4\s+1,200\s+3\s+2\.3 s\s+12\.5\s+4,000\s+96 s\s+0\s+–$/,
  );
  expect(lines[4]).toMatch(/^1\s+–\s+2\s+1,200\s+3\s+2\.3 s\s+0\s+0\s+never\s+7\s+0 s$/);
  expect(lines[6]).toMatch(/^total\s+2,400\s+3\s+2\.3 s\s+0\s+0\s+never\s+7\s+0 s$/);
  expect(lines.slice(8)).toEqual([
    "no worker owns partition 1; `tributary groups` shows the workers",
    "dropped: 4 events by facts_per_user",
    "dead letters: none",
  ]);
});

it("names the dead letters, and that the books do not close", () => {
  const text = renderLag({
    ...lag,
    outbox: { entries: 1200, oldestAgeSeconds: 3 },
    webhooks: { undelivered: 1500, pending: 16, oldestAgeSeconds: 4, strandedPartitions: 0 },
    booksResidue: 2,
    deadLetters: { count: 3, oldestAgeSeconds: 7300 },
    partitions: lag.partitions.map((of) => ({ ...of, warehouse: { ...idle, stranded: true } })),
  });
  expect(text).toContain("entries that no consumer is given in partition 0, 1: a consumer group");
  expect(text).toContain("waiting for other partitions: 1,200 messages, the oldest for 3");
  expect(text).toContain("waiting for webhooks: 1,516 entries, the oldest for 4");
  expect(text).toContain("dead letters: 3, the oldest for 2 h; `tributary dead-letters list`");
  expect(text).toMatch(/the books do not close: 2 events; see `tributary books`$/);
});
