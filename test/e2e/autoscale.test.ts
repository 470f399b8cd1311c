/** A load step over what one worker takes: workers come, what waited is done, and they go again; nothing is lost. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { slowWorkers } from "../support/slow-workers.ts";
import { finished, start, temporaryDataDir } from "../support/tributary.ts";

const TIMEOUT_MS = 180_000;
/** Milliseconds in which a worker runs, of so many. */
const RUN_MS = 15;
const EVERY_MS = 200;
const BATCH = 200;
/** Events a second before the step, and after it. */
const LOW = Number(process.env["TRIBUTARY_AUTOSCALE_LOW"] ?? 500);
const HIGH = Number(process.env["TRIBUTARY_AUTOSCALE_HIGH"] ?? 60_000);
const HIGH_SECONDS = Number(process.env["TRIBUTARY_AUTOSCALE_SECONDS"] ?? 15);

interface Lag {
  readonly total: { readonly attribution: { entries: number; oldestAgeSeconds: number } };
}

it("a load step brings workers, and its end takes them away", { timeout: TIMEOUT_MS }, async () => {
  const data = temporaryDataDir();
  onTestFinished(() => data.remove());
  const scaling = ["--autoscale", "--max-workers", "4", "--scale-down-after", "3"];
  const up = start(["up", "--data", data.dir, "--port", "0", "--threads", "1", ...scaling]);
  const end = finished(up);
  const lines: { readonly atMs: number; readonly text: string }[] = [];
  up.stderr?.on("data", (text: string) => {
    for (const line of text.trimEnd().split("\n")) lines.push({ atMs: Date.now(), text: line });
  });
  onTestFinished(() => void up.kill("SIGKILL"));
  const path = join(data.dir, "platform.json");
  const state = (): {
    ready: boolean;
    gatewayUrl: string;
    reportsUrl: string;
    workers: unknown[];
  } => JSON.parse(readFileSync(path, "utf8")) as never;
  await expect.poll(() => existsSync(path) && state().ready, { timeout: 60_000 }).toBe(true);
  const { gatewayUrl, reportsUrl } = state();
  const runAgain = slowWorkers(data.dir, RUN_MS, EVERY_MS);
  onTestFinished(runAgain);

  let sent = 0;
  let conversions = 0;
  const batch = (): string => {
    const time = Date.now();
    return JSON.stringify(
      Array.from({ length: BATCH }, () => {
        sent += 1;
        const who = { id: `e${sent}`, time, userId: `u${sent % 5000}` };
        if (sent % 50 !== 0) return { ...who, type: "click" as const, channel: "email" };
        conversions += 1;
        return { ...who, type: "conversion" as const, value: "1", currency: "EUR" };
      }),
    );
  };
  const post = async (body: string): Promise<void> => {
    for (;;) {
      const answer = await fetch(`${gatewayUrl}/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      await answer.text();
      if (answer.status === 202) return;
      expect([429, 503]).toContain(answer.status);
      await sleep(100);
    }
  };
  const load = async (eventsPerSecond: number, seconds: number): Promise<void> => {
    const from = Date.now();
    const total = Math.round((eventsPerSecond * seconds) / BATCH);
    const posts: Promise<void>[] = [];
    for (let i = 0; i < total; i += 1) {
      await sleep(Math.max(0, from + (i * BATCH * 1000) / eventsPerSecond - Date.now()));
      posts.push(post(batch()));
    }
    await Promise.all(posts);
  };
  const ages: { atMs: number; age: number }[] = [];
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const answer = await fetch(`${reportsUrl}/v1/lag`);
      const { total } = (await answer.json()) as Lag;
      ages.push({ atMs: Date.now(), age: total.attribution.oldestAgeSeconds });
      await sleep(250);
    }
  })();

  await load(LOW, 3);
  // On a busy machine even that may have been too much for a moment.
  await expect.poll(() => state().workers.length, { timeout: 30_000 }).toBe(1);
  const stepMs = Date.now();
  await load(HIGH, HIGH_SECONDS);
  const endMs = Date.now();
  await load(LOW, 1);
  await expect.poll(() => state().workers.length, { timeout: 60_000 }).toBe(1);
  watching = false;
  await watch;
  runAgain();

  const settled = await fetch(`${reportsUrl}/v1/settled?timeoutMs=30000`);
  expect(await settled.json()).toEqual({ settled: true });
  const answer = await fetch(`${reportsUrl}/v1/reports/conservation`);
  const { events } = (await answer.json()) as { events: Record<string, number> };
  expect(events).toMatchObject({ accepted: sent, duplicates: 0, residue: 0 });
  expect((events["conversionsAttributed"] ?? 0) + (events["conversionsUnattributed"] ?? 0)).toBe(
    conversions,
  );
  const decisions = lines.filter(({ text }) => text.startsWith("autoscale:"));
  const up1 = decisions.find(({ text }) => /^autoscale: 1 → \d/.test(text));
  const ready = decisions.find(({ text }) => /^autoscale: \d workers after/.test(text));
  const peak = Math.max(...ages.map(({ age }) => age));
  const recovered = ages.findLast(({ age }) => age > 1)?.atMs ?? stepMs;
  console.log(
    [
      ...decisions.map(({ atMs, text }) => `${((atMs - stepMs) / 1000).toFixed(1)} s ${text}`),
      `decided ${(((up1?.atMs ?? NaN) - stepMs) / 1000).toFixed(1)} s after the step, ready after ${(((ready?.atMs ?? NaN) - stepMs) / 1000).toFixed(1)} s; longest age ${peak.toFixed(1)} s; below 1 s again ${((recovered - stepMs) / 1000).toFixed(1)} s after the step, which lasted ${((endMs - stepMs) / 1000).toFixed(1)} s`,
    ].join("\n"),
  );
  expect(up1?.text).toMatch(/the oldest event waits for [\d.]+ s, .*\(target 1 s\)/);
  expect(decisions.some(({ text }) => /→ 1 workers: calm for/.test(text))).toBe(true);
  up.kill("SIGTERM");
  expect((await end).code).toBe(0);
});
