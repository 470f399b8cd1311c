import type { Platform } from "@tributary/platform";
import type { Interrupt } from "@tributary/platform/client";

/**
 * Aborted when work with a platform has to end: by Ctrl-C or SIGTERM, or because a service was given up, in which
 * case that error is the signal's reason. Otherwise a sender would try for ever.
 */
export function stopSignal(platform: Platform, interrupt: Interrupt): AbortSignal {
  const givenUp = new AbortController();
  void platform.failed.then((error) => givenUp.abort(error));
  return AbortSignal.any([interrupt.signal, givenUp.signal]);
}
