import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { freePort, startBlackHole } from "./support/black-hole.ts";

const run = promisify(execFile);
const INDEX = new URL("../src/index.ts", import.meta.url).href;

/** Runs a process that starts telemetry and ends one span; gives its output and time. */
async function runProcess(
  env: Record<string, string>,
  end: string,
): Promise<{ output: string; ms: number }> {
  const program = `
    import { diag } from '@opentelemetry/api';
    import { readTelemetryConfig, startTelemetry } from ${JSON.stringify(INDEX)};
    const telemetry = startTelemetry({
      serviceName: 's', serviceVersion: '1', instanceId: 'i',
      config: readTelemetryConfig(process.env),
    });
    telemetry.tracer.startSpan('work').end();
    ${end}`;
  const before = performance.now();
  const { stdout, stderr } = await run(
    process.execPath,
    ["--input-type=module-typescript", "--eval", program],
    {
      cwd: new URL("..", import.meta.url),
      env: { OTEL_BSP_SCHEDULE_DELAY: "10", ...env },
      timeout: 20_000,
    },
  );
  return { output: stdout + stderr, ms: performance.now() - before };
}

async function nobody(): Promise<Record<string, string>> {
  return { OTEL_EXPORTER_JAEGER_ENDPOINT: `http://127.0.0.1:${await freePort()}` };
}

test("telemetry holds no process that has nothing else to do, and prints nothing", async () => {
  const { output } = await runProcess(await nobody(), "");
  expect(output).toBe("");
});

test("all that is printed are log lines, also where OpenTelemetry is asked to speak", async () => {
  const env = { ...(await nobody()), OTEL_LOG_LEVEL: "info" };
  const { output } = await runProcess(env, `diag.info('spoken'); await telemetry.shutdown();`);
  const lines = output.trimEnd().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line).msg)).toEqual([
    "spoken",
    expect.stringContaining("traces are not collected"),
  ]);
});

test("a process that shuts down ends at once after that, black hole or not", async () => {
  const hole = await startBlackHole();
  const { output, ms } = await runProcess(
    { OTEL_EXPORTER_JAEGER_ENDPOINT: `http://127.0.0.1:${hole.port}` },
    `const before = performance.now();
     await telemetry.shutdown();
     const ms = performance.now() - before;
     process.on('exit', () => console.log(ms < 2000, performance.now() - before - ms < 500));`,
  );
  expect(output).toMatch(/^true true$/m);
  expect(output).toContain("traces are not collected: no answer from");
  expect(ms).toBeLessThan(10_000);
  await hole.close();
});
