import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startPlatform } from "@tributary/platform";
import { temporaryDir } from "../../../../../test/support/data-dir.ts";
import { fakeMains } from "../../../../../test/support/fake-mains.ts";
import { runCli, startCli } from "../../support/run-cli.ts";

const T = 1_700_000_000_000;

async function platformOn(cwd: string, env: Readonly<Record<string, string>> = {}) {
  const platform = await startPlatform({
    dataDir: join(cwd, ".tributary"),
    port: 0,
    mains: fakeMains,
    environment: { ...process.env, ...env },
  });
  onTestFinished(() => platform.stop());
  const ids = async (): Promise<unknown> => (await fetch(`${platform.gatewayUrl}/ids`)).json();
  return { platform, ids };
}

test(
  "finds the running platform, sends, and says what was refused and why",
  { timeout: 40_000 },
  async () => {
    const cwd = temporaryDir();
    const { ids } = await platformOn(cwd, { FAKE_UNAVAILABLE: "2" });
    const rows = Array.from(
      { length: 1000 },
      (_, i) => `e${i},u${i},${T + i},${i % 100 === 7 ? "bogus" : "click"}`,
    );
    rows.push("x,u,never,click");
    writeFileSync(join(cwd, "a.csv"), `id,user,time,type\n${rows.join("\n")}\n`);

    const json = await runCli(
      ["replay", "a.csv", "--batch", "50", "--json", "--rejects", "no.ndjson"],
      { cwd },
    );
    expect(json.code).toBe(0);
    const summary = JSON.parse(json.stdout) as Record<string, unknown>;
    expect(summary).toMatchObject({
      format: "csv",
      read: 1001,
      sent: 1000,
      accepted: 990,
      refused: 11,
      retries: 2,
    });
    expect((summary["refusals"] as { line: number }[]).map(({ line }) => line)).toEqual([
      9, 109, 209, 309, 409, 509, 609, 709, 809, 909, 1002,
    ]);
    expect(readFileSync(join(cwd, "no.ndjson"), "utf8").trim().split("\n")).toHaveLength(11);
    expect(await ids()).toHaveLength(990);

    const text = await runCli(["replay", "a.csv", "--limit", "20"], { cwd });
    expect(text.code).toBe(0);
    expect(text.stdout).toContain("a.csv: 20 read, 20 sent, 19 accepted, 1 refused");
    expect(text.stdout).toContain("line 9: type: expected a type");
    expect(text.stderr).toContain("sending 100 %");
  },
);

test(
  "IDs and order-free: the file sent twice, once shuffled, is the same events",
  { timeout: 40_000 },
  async () => {
    const cwd = temporaryDir();
    const { ids } = await platformOn(cwd);
    const rows = Array.from({ length: 300 }, (_, i) => `u${i % 7},${T + i},click`);
    writeFileSync(join(cwd, "a.csv"), `user,time,type\n${rows.join("\n")}\n`);
    expect((await runCli(["replay", "a.csv"], { cwd })).code).toBe(0);
    const once = await ids();
    expect(once).toHaveLength(300);
    expect(
      (await runCli(["replay", "a.csv", "--shuffle", "3", "--batch", "9"], { cwd })).code,
    ).toBe(0);
    expect(await ids()).toEqual(once);
  },
);

test(
  "Ctrl-C in the middle ends with 130 and a note that the command can be run again",
  { timeout: 40_000 },
  async () => {
    const cwd = temporaryDir();
    await platformOn(cwd, { FAKE_UNAVAILABLE: "1000000" });
    writeFileSync(join(cwd, "a.csv"), `user,time,type\nu,${T},click\n`);
    const { child, done, stderr } = startCli(["replay", "a.csv", "--json"], { cwd });
    while (!stderr().includes("waiting to send: Redis is unavailable")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGINT");
    const result = await done;
    expect(result).toMatchObject({ code: 130, stdout: "" });
    expect(result.stderr).toContain("Run the same command again");
  },
);

test("events not attributed within --timeout are a failure", { timeout: 40_000 }, async () => {
  const cwd = temporaryDir();
  await platformOn(cwd, { FAKE_UNSETTLED: "1" });
  writeFileSync(join(cwd, "a.csv"), `user,time,type\nu,${T},click\n`);
  const { code, stderr } = await runCli(["replay", "a.csv", "--timeout", "1"], { cwd });
  expect(code).toBe(1);
  expect(stderr).toContain("not all of it was attributed in time");
});

test("report and lag find the platform, too", { timeout: 40_000 }, async () => {
  const cwd = temporaryDir();
  await platformOn(cwd);
  const report = await runCli(["report"], { cwd });
  expect(report.stdout).toMatch(/email\s+10\.01\n/);
  const json = await runCli(["report", "--json"], { cwd });
  expect(JSON.parse(json.stdout)).toMatchObject({ rows: [{ value: "10.005" }] });
  const lag = await runCli(["lag", "--json"], { cwd });
  expect(JSON.parse(lag.stdout)).toMatchObject({ total: { attribution: { undelivered: 1200 } } });
  const { child, done } = startCli(["lag", "--watch"], { cwd });
  // Interrupted after it has looked twice, however long that takes here.
  let seen = "";
  child.stdout?.on("data", (chunk: Buffer | string) => {
    seen += chunk.toString();
    if ((seen.match(/1,200/g)?.length ?? 0) >= 2) child.kill("SIGINT");
  });
  const watch = await done;
  expect(watch.code).toBe(130);
  expect(watch.stdout.match(/1,200/g)?.length).toBeGreaterThanOrEqual(2);
});
