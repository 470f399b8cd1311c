import type { TenantSettings } from "@tributary/tenants";
import { isbot } from "isbot";
import type { GatewayConfig } from "./config.ts";
import type { GatewayMetrics } from "./metrics.ts";

/** The channel that a marked bot's touchpoints have. */
export const BOTS_CHANNEL = "bots";
/** User agents whose verdict is remembered. */
const MAX_REMEMBERED = 2000;
/** Longer ones are nobody's browser. */
const MAX_LENGTH = 1024;

/** What becomes of an event: taken as it is, taken under {@link BOTS_CHANNEL}, or not taken. */
export type BotVerdict = "keep" | "mark" | "drop";

/** Knows bots by their user agent (the list is isbot's), counts them, and says what the tenant wants done. */
export class BotFilter {
  readonly #config: GatewayConfig;
  readonly #metrics: GatewayMetrics;
  readonly #known = new Map<string, boolean>();

  constructor(config: GatewayConfig, metrics: GatewayMetrics) {
    this.#config = config;
    this.#metrics = metrics;
  }

  /** The verdict on one event. @param userAgent of whoever did it; undefined where that is not known */
  judge(tenant: string, userAgent: string | undefined): BotVerdict {
    if (userAgent === undefined || userAgent === "" || !this.#isBot(userAgent)) return "keep";
    const settings: TenantSettings | undefined = this.#config.tenants.byName.get(tenant);
    const action = settings?.bots ?? "keep";
    this.#metrics.tributary_bot_events_total.inc({ action });
    return action;
  }

  #isBot(userAgent: string): boolean {
    const known = this.#known.get(userAgent);
    if (known !== undefined) return known;
    const found = userAgent.length > MAX_LENGTH || isbot(userAgent);
    // Begun anew when full: browsers' user agents are few, and whoever makes up more only costs the time of a look.
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(userAgent, found);
    return found;
  }
}
