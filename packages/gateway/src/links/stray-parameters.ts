import { EVENT_LIMITS, restoreStray, strayParameters } from "@tributary/protocol";
import type { Logger } from "@tributary/telemetry";
import type { GatewayMetrics } from "../metrics.ts";

/** Least time between two log lines about such links, ms. */
const SAY_MS = 10_000;

/** Gives targets the parameters back that their links took from them, and says so: whoever made the link is to encode it. */
export class StrayRestorer {
  readonly #metrics: GatewayMetrics;
  readonly #logger: Logger;
  #saidMs = -Infinity;

  constructor(metrics: GatewayMetrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
  }

  /**
   * The target as it was meant. It never throws: the person who clicked waits for a page.
   * @param address of the request, with its query
   */
  restore(target: URL, address: string, tenant: string): URL {
    const mark = address.indexOf("?");
    const stray = mark < 0 ? undefined : strayParameters(address.slice(mark + 1));
    if (stray === undefined) return target;
    const whole = new URL(target);
    const names = restoreStray(whole, stray);
    const isTooLong = Buffer.byteLength(whole.href) > EVENT_LIMITS.urlBytes;
    if (names.length === 0) return target;
    const reason = isTooLong ? "too_long" : stray.reason;
    this.#metrics.tributary_stray_links_total.inc({ reason });
    const now = performance.now();
    if (now - this.#saidMs > SAY_MS) {
      this.#saidMs = now;
      this.#logger.warn(
        { tenant, reason, parameters: names.slice(0, 10).map((name) => name.slice(0, 40)) },
        "a link's query holds parameters of its target: encode the target (tributary link makes such links; tributary_stray_links_total counts them)",
      );
    }
    return isTooLong ? target : whole;
  }
}
