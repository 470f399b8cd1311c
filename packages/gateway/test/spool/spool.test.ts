import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProtocolError } from "@tributary/protocol";
import { createLogger } from "@tributary/telemetry";
import { afterEach, beforeEach, expect, it } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import { Forwarder } from "../../src/spool/forwarder.ts";
import { Spool } from "../../src/spool/spool.ts";

let dir: string;
let lines: string[];
const logger = () =>
  createLogger({
    service: "test",
    instance: "1",
    level: "info",
    destination: {
      write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg),
    },
  });
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "spool-"));
  lines = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = async (more: { maxBytes?: number; segmentBytes?: number } = {}) =>
  Spool.open({ dir, maxBytes: 1 << 20, segmentBytes: 1 << 16, ...more }, logger());
const batch = (n: number, bytes = 1) => ({
  tenant: "shop",
  receivedAtMs: n,
  events: 1,
  body: new Uint8Array(bytes).fill(n),
});
const segments = () => readdirSync(dir).filter((name) => name.endsWith(".spool"));

/** Leaves the folder as a process does that is killed. */
async function crash(spool: Spool): Promise<void> {
  const files = readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))] as const);
  await spool.close();
  for (const [name, bytes] of files) writeFileSync(join(dir, name), bytes);
}

/** Everything that waits, in order. */
async function drain(spool: Spool): Promise<number[]> {
  const found: number[] = [];
  for (let page = await spool.read(); page !== undefined; page = await spool.read()) {
    found.push(...page.batches.map(({ receivedAtMs }) => receivedAtMs));
    spool.done(page);
  }
  return found;
}
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

it("gives back in order what it was given, over segments, and leaves nothing behind", async () => {
  const spool = await open({ segmentBytes: 500 });
  await Promise.all(numbers(0, 50).map(async (n) => spool.append(batch(n, 40))));
  for (const n of numbers(50, 60)) await spool.append(batch(n, 40));
  expect(segments().length).toBeGreaterThan(1);
  expect(spool.bytes).toBeGreaterThan(60 * 40);
  expect(spool.ageSeconds(Date.now() + 5000)).toBeGreaterThanOrEqual(5);
  expect(await drain(spool)).toEqual(numbers(0, 60));
  expect([spool.bytes, spool.ageSeconds(Date.now()), segments()]).toEqual([0, 0, []]);
  await spool.append(batch(60));
  expect(await drain(spool)).toEqual([60]);
  await spool.close();
  expect(readdirSync(dir)).toEqual([]);
});

it("has after a crash what was acknowledged, and begins a segment of its own", async () => {
  const before = await open();
  await Promise.all(numbers(0, 10).map(async (n) => before.append(batch(n))));
  const page = await before.read();
  if (page !== undefined) before.done(page);
  // Killed: what was done and what was being written is in the file all the same.
  await crash(before);
  appendFileSync(join(dir, segments()[0] ?? ""), Buffer.from([0, 0, 0, 99, 1, 2]));
  const after = await open();
  await after.append(batch(10));
  expect(segments()).toHaveLength(2);
  expect(await drain(after)).toEqual(numbers(0, 11));
  expect(lines).toContain("the spool's last record was cut off and never acknowledged");
  expect(after.damagedBytes).toBe(0);
});

it("leaves a damaged record out with what is behind it, keeps the file, and says so", async () => {
  const before = await open({ segmentBytes: 200 });
  for (const n of numbers(0, 20)) await before.append(batch(n, 40));
  await before.close();
  const path = join(dir, segments()[1] ?? "");
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = 99;
  writeFileSync(path, bytes);
  const after = await open();
  const found = await drain(after);
  expect(found.length).toBe(19);
  expect(found).toEqual(found.toSorted((a, b) => a - b));
  expect(after.damagedBytes).toBeGreaterThan(40);
  expect(readdirSync(dir).filter((name) => name.endsWith(".damaged"))).toHaveLength(1);
  expect(lines.some((line) => line.startsWith("a record of the spool is damaged"))).toBe(true);
});

it("gives back what it took, however large it is, also where it is opened again with a smaller limit", async () => {
  const large = 3 << 20;
  const before = await open({ maxBytes: 16 << 20, segmentBytes: 8 << 20 });
  for (const [n, bytes] of [40, large, 40, 5000, 40].entries())
    await before.append(batch(n, bytes));
  await crash(before);
  const after = await open({ maxBytes: 1 << 20 });
  const found: number[] = [];
  for (let page = await after.read(); page !== undefined; page = await after.read()) {
    found.push(...page.batches.map(({ body }) => body.length));
    after.done(page);
  }
  expect(found).toEqual([40, large, 40, 5000, 40]);
  expect([after.damagedBytes, lines.filter((line) => line.includes("damaged"))]).toEqual([0, []]);
});

it("refuses what goes beyond its bound, and takes more when some is done", async () => {
  const spool = await open({ maxBytes: 1000, segmentBytes: 300 });
  let kept = 0;
  const refused: unknown[] = [];
  for (const n of numbers(0, 30)) {
    try {
      await spool.append(batch(n, 40));
      kept += 1;
    } catch (error) {
      refused.push(error);
    }
  }
  expect(spool.bytes).toBeLessThanOrEqual(1000);
  expect(refused[0]).toMatchObject({ code: "spool_full" });
  expect(refused.length + kept).toBe(30);
  expect(await drain(spool)).toEqual(numbers(0, kept));
  await spool.append(batch(99));
  expect(await drain(spool)).toEqual([99]);
});

it("says that it cannot write, and goes on when it can", async () => {
  const spool = await open();
  await spool.append(batch(0));
  rmSync(dir, { recursive: true });
  // What was there is gone, which is said and does not stop what comes after.
  expect(await drain(spool)).toEqual([]);
  expect(spool.damagedBytes).toBeGreaterThan(0);
  await expect(spool.append(batch(1))).rejects.toMatchObject({ code: "spool_failed" });
  expect(lines).toContain("the spool cannot be written");
  mkdirSync(dir);
  await spool.append(batch(2));
  expect(await drain(spool)).toEqual([2]);
});

it("is one gateway's alone, and a dead one's is taken over", async () => {
  const spool = await open();
  writeFileSync(join(dir, "lock"), `${process.ppid}\n`);
  await expect(open()).rejects.toThrow(`is the spool of process ${process.ppid}`);
  writeFileSync(join(dir, "lock"), "999999999\n");
  await (await open()).close();
  await spool.close();
});

it("is forwarded in order, each page again until it is taken, also while more comes", async () => {
  const spool = await open({ segmentBytes: 300 });
  const taken: number[] = [];
  const backAt = Date.now() + 150;
  const forwarder = new Forwarder(
    spool,
    async ({ receivedAtMs }) => {
      await Promise.resolve();
      if (Date.now() < backAt) throw new GatewayError("redis_away", "away", 1);
      taken.push(receivedAtMs);
    },
    { forwarded: () => undefined, quarantined: () => undefined },
    logger(),
  );
  forwarder.start();
  for (const n of numbers(0, 40)) await spool.append(batch(n, 40));
  await expect.poll(() => spool.bytes).toBe(0);
  await spool.append(batch(40));
  await expect.poll(() => taken.at(-1)).toBe(40);
  // What was sent twice are whole pages, in order.
  expect([...new Set(taken)]).toEqual(numbers(0, 41));
  await forwarder.stop();
  await spool.close();
  expect(readdirSync(dir)).toEqual([]);
});

it("quarantines a batch that can never be published, and forwards those around it", async () => {
  const spool = await open();
  const taken: number[] = [];
  const quarantined: number[] = [];
  const forwarder = new Forwarder(
    spool,
    async ({ receivedAtMs }) => {
      await Promise.resolve();
      if (receivedAtMs === 1) throw new ProtocolError("body_malformed", "not a body");
      if (receivedAtMs === 2) throw new TypeError("a fault of the gateway's own");
      taken.push(receivedAtMs);
    },
    { forwarded: () => undefined, quarantined: ({ events }) => quarantined.push(events ?? 0) },
    logger(),
  );
  for (const n of numbers(0, 5)) await spool.append(batch(n, 40));
  forwarder.start();
  await expect.poll(() => spool.bytes).toBe(0);
  expect([taken, quarantined]).toEqual([
    [0, 3, 4],
    [1, 1],
  ]);
  await forwarder.stop();
  await spool.close();
  const [file = ""] = readdirSync(dir);
  expect(readdirSync(dir)).toEqual([expect.stringMatching(/\.spool\.quarantined$/)]);
  // An operator gives it back by its name.
  const path = join(dir, file);
  renameSync(path, path.replace(".quarantined", ""));
  const again = await open();
  expect(await drain(again)).toEqual([1, 2]);
  await again.close();
});

it("keeps no more in quarantine than may wait, and says what it drops", async () => {
  const spool = await open({ maxBytes: 1000 });
  const quarantined: number[] = [];
  const forwarder = new Forwarder(
    spool,
    async () => Promise.reject(new ProtocolError("body_malformed", "not a body")),
    { forwarded: () => undefined, quarantined: ({ events }) => quarantined.push(events ?? 0) },
    logger(),
  );
  forwarder.start();
  for (const n of numbers(0, 60)) {
    await spool.append(batch(n, 40));
    await expect.poll(() => spool.bytes, { interval: 2 }).toBe(0);
  }
  await forwarder.stop();
  await spool.close();
  expect(quarantined).toHaveLength(60);
  const kept = readdirSync(dir).map((name) => statSync(join(dir, name)).size);
  expect(kept.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(1000);
  expect(lines).toContain(
    "the spool's quarantine is full: a batch that cannot be published is dropped",
  );
});
