import type { IncomingHttpHeaders } from "node:http";
import { replaceEvents } from "@tributary/protocol";
import type { TenantSettings } from "@tributary/tenants";
import { isbot } from "isbot";
import type { GatewayConfig } from "../config.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { PackedBody } from "../http/read-body.ts";

/** The channel that a marked bot's touchpoints have. */
export const BOTS_CHANNEL = "bots";
/** Most user agents whose verdict is remembered. */
const MAX_REMEMBERED = 2000;
/** Why a dropped event is refused. */
export const BOT_REFUSED = {
  field: "userAgent",
  reason: "a bot's; this tenant takes none of them",
} as const;
/** Longest user agent of a browser, characters. */
const MAX_LENGTH = 1024;

/** What becomes of an event: taken as it is, taken under {@link BOTS_CHANNEL}, or not taken. */
export type BotVerdict = "keep" | "mark" | "drop";

/**
 * The user agent of the browser whose page sent a request; browsers send an Origin header. A server that forwards events has none, and
 * is not judged as a bot.
 */
export function pageAgentOf(headers: IncomingHttpHeaders): string | undefined {
  return headers.origin === undefined ? undefined : headers["user-agent"];
}

/** Recognises bots by their user agent (isbot's list), counts them, and applies the tenant's setting. */
export class BotFilter {
  readonly #config: GatewayConfig;
  readonly #metrics: GatewayMetrics;
  readonly #known = new Map<string, boolean>();

  constructor(config: GatewayConfig, metrics: GatewayMetrics) {
    this.#config = config;
    this.#metrics = metrics;
  }

  /** The verdict on one event. @param userAgent of the visitor; undefined where it is not known */
  judge(tenant: string, userAgent: string | undefined): BotVerdict {
    if (userAgent === undefined || userAgent === "" || !this.#isBot(userAgent)) return "keep";
    const action = this.#actionOf(tenant);
    this.#metrics.tributary_bot_events_total.inc({ action });
    return action;
  }

  /**
   * What is left to take of a body whose events are all of one who has a user agent: those that are dropped stand as nil in it.
   * @throws ProtocolError where it is a bot's and cannot be read
   */
  filter(tenant: string, userAgent: string | undefined, body: PackedBody): PackedBody {
    if (userAgent === undefined || userAgent === "" || !this.#isBot(userAgent)) return body;
    const action = this.#actionOf(tenant);
    const broken = new Map(body.broken);
    let events = 0;
    const bytes = replaceEvents(body.bytes, (event, index) => {
      if (typeof event !== "object" || event === null) return event;
      events += 1;
      if (action === "mark") return { ...event, channel: BOTS_CHANNEL };
      if (action === "keep") return event;
      broken.set(index, BOT_REFUSED);
      return null;
    });
    this.#metrics.tributary_bot_events_total.inc({ action }, events);
    return action === "keep" ? body : { bytes, broken };
  }

  #actionOf(tenant: string): BotVerdict {
    const settings: TenantSettings | undefined = this.#config.tenants.byName.get(tenant);
    return settings?.bots ?? "keep";
  }

  #isBot(userAgent: string): boolean {
    // Not remembered: as many of them as may be would take megabytes.
    if (userAgent.length > MAX_LENGTH) return true;
    const known = this.#known.get(userAgent);
    if (known !== undefined) return known;
    const found = isbot(userAgent);
    // Cleared when full: browsers have few user agents, and an invented one only costs another look-up.
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(userAgent, found);
    return found;
  }
}
