import { expect, test } from "vitest";
import { stopSignal } from "../../src/commands/stop-signal.ts";
import { CliError } from "../../src/errors.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { Interrupt } from "../../src/terminal/interrupt.ts";

function parts() {
  const failed = Promise.withResolvers<CliError>();
  const controller = new AbortController();
  // Of a platform and an interrupt, no more than this is looked at.
  const platform = { failed: failed.promise } as Platform;
  const interrupt = { signal: controller.signal } as Interrupt;
  return { failed, controller, signal: stopSignal(platform, interrupt) };
}

test("a service that is given up ends the work, and is the reason", async () => {
  const { failed, signal } = parts();
  const error = new CliError("service_failed", "worker-1 ended");
  failed.resolve(error);
  await failed.promise;
  expect(() => signal.throwIfAborted()).toThrow(error);
});

test("Ctrl-C ends it as well", () => {
  const { controller, signal } = parts();
  expect(signal.aborted).toBe(false);
  controller.abort();
  expect(signal.aborted).toBe(true);
});
