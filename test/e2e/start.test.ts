import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import {
  finished,
  jsonOf,
  type Report,
  start,
  temporaryDataDir,
  tributary,
} from "../support/tributary.ts";
import { MODEL_NAMES } from "../../packages/attribution/src/models/registry.ts";

const run = promisify(execFile);
const TIMEOUT_MS = 120_000;

/** The table of a run, without the notes around it. */
function tableOf(output: string): string {
  return output.slice(output.indexOf("Value, EUR"), output.indexOf("conversions: "));
}

describe("tributary start, as npm start runs it", () => {
  const data = temporaryDataDir();
  afterAll(() => data.remove());
  const once = async () => tributary(["start", "--once", "--data", data.dir, "--port", "0"]);
  let table = "";

  it(
    "plays the sample and prints the attribution under every model, with columns that add up",
    { timeout: TIMEOUT_MS },
    async () => {
      const { code, stdout } = await once();
      expect(code).toBe(0);
      table = tableOf(stdout);
      for (const model of MODEL_NAMES) expect(table).toContain(model);
      const rows = table.split("\n\n")[0]?.split("\n").slice(3) ?? [];
      const numbers = rows
        .filter((row) => /\d/.test(row))
        .map((row) =>
          row
            .trim()
            .split(/\s{2,}/)
            .slice(1)
            .map((cell) => Math.round(Number(cell.replaceAll(",", "")) * 100)),
        );
      const total = numbers.pop() ?? [];
      expect(numbers.length).toBeGreaterThan(5);
      for (const [column, sum] of total.entries()) {
        expect(numbers.reduce((left, row) => left + (row[column] ?? NaN), 0)).toBe(sum);
      }
      // Whatever the model, the same money is shared out.
      expect(new Set(total).size).toBe(1);
    },
  );

  it(
    "plays it again to the same table: every event is a duplicate",
    { timeout: TIMEOUT_MS },
    async () => {
      const { code, stdout } = await once();
      expect(code).toBe(0);
      expect(tableOf(stdout)).toBe(table);
    },
  );

  it(
    "prints shell lines that work when pasted: an event in, its answer out",
    { timeout: TIMEOUT_MS },
    async () => {
      const child = start(["start", "--no-sample", "--data", data.dir, "--port", "0"]);
      let printed = "";
      child.stdout?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
      child.stderr?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
      const ended = finished(child);
      for (let i = 0; i < 300 && !printed.includes("by=campaign'"); i += 1) await sleep(100);
      const lines = printed.slice(printed.indexOf("  N=$(date")).split("\n");
      const last = lines.findLastIndex((line) => line.includes("by=campaign'"));
      const script = lines
        .slice(0, last + 1)
        .filter((line) => line.startsWith("  "))
        // The answer is there within a moment; the script is as quick as a person is not.
        .map((line) => (line.includes("/v1/conversions/") ? `sleep 1\n${line}` : line))
        .join("\n");
      const { stdout } = await run("bash", ["-euc", script]);
      expect(stdout).toContain('{"accepted":2,"refused":[]}');
      expect(stdout).toMatch(
        /"credits":\[\{"model":"first_touch","touch":1,"credit":"1","value":"49.9"\}/,
      );
      expect(stdout).toContain('"campaign":"my-first"');
      child.kill("SIGINT");
      expect((await ended).code).toBe(130);
    },
  );

  it("has left a report that is read without a running platform", async () => {
    const report = jsonOf<Report>(
      await tributary([
        "report",
        "--model",
        "linear",
        "--by",
        "campaign,channel",
        "--json",
        "--data",
        data.dir,
      ]),
    );
    expect(report.totals.conversions).toBe(848);
    expect(report.rows).toContainEqual(
      expect.objectContaining({ campaign: "my-first", channel: "paid_search", value: "49.9" }),
    );
  });
});

describe("a file of one's own", () => {
  const data = temporaryDataDir();
  const folder = mkdtempSync(join(tmpdir(), "tributary-csv-"));
  afterAll(() => {
    data.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    "is replayed by the map that the README shows, with what is wrong named by line",
    { timeout: TIMEOUT_MS },
    async () => {
      const file = join(folder, "events.csv");
      writeFileSync(
        file,
        "visitor,ts,medium\nann,2026-10-01T10:00:00Z,email\nbob,1790000000,cpc\n,1790000000,cpc\n",
      );
      const args = [
        "replay",
        file,
        "--map",
        "user=visitor,time=ts,type=@click,channel=medium",
        "--data",
        data.dir,
        "--json",
      ];
      const result = await tributary(args);
      const summary = jsonOf<{ accepted: number; refusals: unknown }>(result);
      expect(summary.accepted).toBe(2);
      expect(summary.refusals).toMatchObject([{ line: 4, field: "userId" }]);
    },
  );

  it("is judged without a platform, from a compressed file or standard input", async () => {
    const text =
      "user,ts,type\nann,02.10.2026 10:00,click\nbob,29.03.2026 02:30,click\nann,02.10.2026 10:00,nothing\n";
    const file = join(folder, "dry.csv.gz");
    writeFileSync(file, gzipSync(text));
    const options = ["--map", "user=user,time=ts,type=type", "--time-format", "dd.MM.yyyy HH:mm"];
    const zone = ["--time-zone", "Europe/Berlin", "--dry-run", "--json"];
    const results = [
      await tributary(["replay", file, ...options, ...zone]),
      await finished(
        start(["replay", "-", "--format", "csv", ...options, ...zone], {}, undefined, text),
      ),
    ];
    for (const { code, stdout } of results) {
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({
        dryRun: true,
        read: 3,
        accepted: 1,
        refused: 2,
        refusals: [
          { line: 3, field: "time" },
          { line: 4, field: "type" },
        ],
      });
    }
    const unnamed = await finished(start(["replay", "-"], {}, undefined, text));
    expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining("give --format")]);
  });
});
