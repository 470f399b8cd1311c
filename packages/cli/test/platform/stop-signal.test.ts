import { expect, test } from "vitest";
import { stopSignal } from "../../src/platform/stop-signal.ts";
import { PlatformError } from "@tributary/platform/errors";
import type { Platform } from "@tributary/platform";
import type { Interrupt } from "@tributary/platform/client";

function parts() {
  const failed = Promise.withResolvers<PlatformError>();
  const controller = new AbortController();
  // Of a platform and an interrupt, no more than this is looked at.
  const platform = { failed: failed.promise } as Platform;
  const interrupt = { signal: controller.signal } as Interrupt;
  return { failed, controller, signal: stopSignal(platform, interrupt) };
}

test("a service that is given up ends the work, and is the reason", async () => {
  const { failed, signal } = parts();
  const error = new PlatformError("service_failed", "worker-1 ended");
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
