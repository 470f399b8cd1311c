import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  finished,
  jsonOf,
  type Report,
  SHARED_DATA,
  start,
  temporaryDataDir,
  tributary,
} from "../support/tributary.ts";

const FILE = join(SHARED_DATA, "pathdata/paths.csv");
const MODELS = {
  first_touch: "first",
  last_touch: "last",
  linear: "linear",
  position_based: "position_based_40_20_40",
} as const;
type Expected = Record<
  string,
  { conversions: Record<string, number>; value: Record<string, number> }
>;

interface ReplaySummary {
  readonly read: number;
  readonly accepted: number;
}

const REPORT = ["report", "--model", Object.keys(MODELS).join(","), "--by", "channel", "--json"];
const TIMEOUT_MS = 180_000;

/** Holds a report against the exact answers, channel by channel. */
function expectExact(report: Report): void {
  const expected = JSON.parse(
    readFileSync(join(SHARED_DATA, "pathdata/expected.json"), "utf8"),
  ) as Expected;
  for (const [model, key] of Object.entries(MODELS)) {
    const rows = report.rows.filter((row) => row.model === model);
    const { conversions = {}, value = {} } = expected[key] ?? {};
    expect(rows.map(({ channel }) => channel).toSorted()).toEqual(
      Object.keys(conversions).toSorted(),
    );
    for (const row of rows) {
      expect(Math.abs(row.conversions / (conversions[row.channel] ?? NaN) - 1)).toBeLessThan(1e-9);
      expect(Math.abs(Number(row.value) / (value[row.channel] ?? NaN) - 1)).toBeLessThan(1e-9);
    }
  }
  expect(report.totals).toMatchObject({ conversions: 19_785, unattributed: 0 });
}

describe.skipIf(!existsSync(FILE))(
  "10,000 real paths (skipped where ../shared/data is absent)",
  () => {
    const data = temporaryDataDir();
    let platform: Platform | undefined;
    const replay = async (...more: string[]) =>
      jsonOf<ReplaySummary>(
        await tributary([
          "replay",
          FILE,
          "--format",
          "paths",
          "--data",
          data.dir,
          "--json",
          ...more,
        ]),
      );
    const report = async (...more: string[]) =>
      jsonOf<Report>(await tributary([...REPORT, "--data", data.dir, ...more]));

    beforeAll(async () => {
      platform = await startPlatform({
        dataDir: data.dir,
        port: 0,
        environment: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
      });
    });
    afterAll(async () => {
      await platform?.stop();
      data.remove();
    });

    let first: Report | undefined;
    it(
      "replayed through the whole platform give the exact report",
      { timeout: TIMEOUT_MS },
      async () => {
        const summary = await replay();
        expect(summary).toMatchObject({ accepted: 378_209 + 19_785 });
        first = await report();
        expectExact(first);
      },
    );

    it("are accounted for, to the last event and cent", { timeout: TIMEOUT_MS }, async () => {
      const reportsUrl = platform?.reportsUrl ?? "";
      const answer = await (await fetch(`${reportsUrl}/v1/reports/conservation`)).json();
      expect(answer).toMatchObject({
        complete: true,
        events: { conversionsAttributed: 19_785, conversionsUnattributed: 0, residue: 0 },
        money: [{ residue: "0" }],
      });
      const table = await tributary(["report", "--data", data.dir]);
      expect(table.stdout).toMatch(/nothing is left over\.\n$/);
    });

    it("are audited without a difference", { timeout: TIMEOUT_MS }, async () => {
      const audit = jsonOf(await tributary(["audit", "--data", data.dir, "--json"]));
      expect(audit).toMatchObject({ compared: 19_785, agreed: 19_785, different: 0 });
    });

    it("credited anew from the facts, by the workers' rules, are the same report", async () => {
      const anew = await report("--click-window", "30d", "--view-window", "24h");
      expect(anew.source).toBe("facts");
      expect(anew.rows).toEqual(first?.rows);
      expect(anew.totals).toEqual(first?.totals);
    });

    it("leave no lag", async () => {
      const lag = jsonOf<{ total: unknown }>(
        await tributary(["lag", "--data", data.dir, "--json"]),
      );
      const nothing = { entries: 0, undelivered: 0, pending: 0, oldestAgeSeconds: 0 };
      expect(lag.total).toMatchObject({ attribution: nothing, warehouse: nothing });
    });

    it("sent again, shuffled, change nothing", { timeout: TIMEOUT_MS }, async () => {
      await replay("--shuffle", "7");
      const again = await report();
      expect(again.completeUpTo).toBeGreaterThan(first?.completeUpTo ?? Infinity);
      expect(again).toEqual({ ...first, completeUpTo: again.completeUpTo });
    });
  },
);

describe.skipIf(!existsSync(FILE))("a replay (skipped where ../shared/data is absent)", () => {
  it(
    "that is shuffled, cut off by Ctrl-C and begun again ends in the exact report",
    { timeout: TIMEOUT_MS * 2 },
    async () => {
      const data = temporaryDataDir();
      const platform = await startPlatform({
        dataDir: data.dir,
        port: 0,
        workers: 2,
        environment: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
      });
      try {
        const args = [
          "replay",
          FILE,
          "--format",
          "paths",
          "--shuffle",
          "11",
          "--data",
          data.dir,
          "--json",
        ];
        const cut = start(args);
        const ended = finished(cut);
        // Wait until events flow, then interrupt in the middle.
        for (let i = 0; i < 600; i += 1) {
          const body = await (await fetch(`${platform.gatewayUrl}/metrics`)).text();
          if (Number(/^tributary_events_accepted_total (\d+)/m.exec(body)?.[1] ?? 0) > 60_000)
            break;
          await sleep(50);
        }
        cut.kill("SIGINT");
        const { code, stderr } = await ended;
        expect({ code, said: /again/.test(stderr) }).toEqual({ code: 130, said: true });
        const partial = jsonOf<Report>(await tributary([...REPORT, "--data", data.dir]));
        expect(partial.totals.conversions).toBeLessThan(19_785);

        jsonOf(await tributary(args));
        expectExact(jsonOf<Report>(await tributary([...REPORT, "--data", data.dir])));
      } finally {
        await platform.stop();
        data.remove();
      }
    },
  );
});
