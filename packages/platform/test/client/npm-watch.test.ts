import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { identify, isAlive, type ProcessIdentity } from "../../src/client/process-identity.ts";

const PROGRAM = fileURLToPath(new URL("../support/interrupted-child.ts", import.meta.url));

/** Runs a command behind a shell, and ends the shell. @returns who the command is, and what it printed by now */
async function orphan(
  env: Readonly<Record<string, string>>,
): Promise<{ command: ProcessIdentity; printed: () => string }> {
  const { npm_command: _, TRIBUTARY_STOP_WITH_NPM: __, ...inherited } = process.env;
  const shell = spawn("/bin/sh", ["-c", `"$0" "$1" & wait`, process.execPath, PROGRAM], {
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  shell.stdout.on("data", (data: Buffer) => (text += data.toString()));
  await expect.poll(() => text, { timeout: 10_000 }).toMatch(/^\d+\n/);
  const command = identify(Number.parseInt(text, 10));
  onTestFinished(() => {
    if (isAlive(command)) process.kill(command.pid, "SIGKILL");
  });
  const ended = once(shell, "exit");
  shell.kill("SIGTERM");
  await ended;
  return { command, printed: () => text };
}

test("a command that npm started takes the end of its shell for SIGTERM", async () => {
  const { printed } = await orphan({ npm_command: "exec" });
  await expect.poll(printed, { timeout: 5000 }).toMatch(/^\d+\nSIGTERM\n$/);
});

test("one that a shell or a service manager started runs on, and so does one whose setting keeps it", async () => {
  const orphans = await Promise.all([
    orphan({}),
    orphan({ npm_command: "run-script", TRIBUTARY_STOP_WITH_NPM: "off" }),
  ]);
  await sleep(1500);
  for (const { command, printed } of orphans) {
    expect(isAlive(command)).toBe(true);
    expect(printed()).toBe(`${command.pid}\n`);
  }
});
