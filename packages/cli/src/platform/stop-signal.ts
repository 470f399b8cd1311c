import type { Platform } from "@tributary/platform";
import type { Interrupt } from "@tributary/platform/client";

/**
 * Aborted when work with a platform has to end: after Ctrl-C or SIGTERM, or when a service has failed for good. That
 * error is then the signal's reason. Without it, a sender would retry forever.
 */
export function stopSignal(platform: Platform, interrupt: Interrupt): AbortSignal {
  const givenUp = new AbortController();
  void platform.failed.then((error) => givenUp.abort(error));
  return AbortSignal.any([interrupt.signal, givenUp.signal]);
}
