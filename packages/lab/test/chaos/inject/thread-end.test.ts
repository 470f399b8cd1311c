import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { endThreads, INSPECTABLE } from "../../../src/chaos/inject/thread-end.ts";

const PROGRAM = fileURLToPath(new URL("support/busy-thread.ts", import.meta.url));

test("a busy thread of another process ends, and the process goes on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tributary-thread-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const logPath = join(folder, "process.log");
  const log = openSync(logPath, "a");
  const child = spawn(process.execPath, [INSPECTABLE, PROGRAM], { stdio: ["ignore", log, log] });
  onTestFinished(() => {
    child.kill("SIGKILL");
    closeSync(log);
  });
  // Before Node has set its handlers up, SIGUSR1 would end the process.
  await vi.waitFor(
    () =>
      expect(readFileSync(`/proc/${child.pid}/status`, "utf8")).toMatch(/^SigCgt:\s.*[1-9a-f]/m),
    5000,
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await endThreads(child.pid ?? 0, logPath)).toBe(1);
  await vi.waitFor(
    () => expect(readFileSync(logPath, "utf8")).toContain("thread ended with 1"),
    5000,
  );
});
