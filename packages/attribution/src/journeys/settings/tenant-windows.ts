import { type Dictionary, TYPE_IMPRESSION } from "@tributary/protocol";
import type { SessionGap } from "../../arrivals/session-arrivals.ts";
import type { JourneyOptions } from "./options.ts";

/** Which touchpoints count for a conversion, of a tenant. */
interface TenantRule {
  /** ms. */
  readonly click: number;
  readonly view: number;
  readonly sessionGap: SessionGap;
}

/** How long before a conversion a touchpoint still counts, and how long a session lasts, by tenant. */
export class TenantWindows {
  readonly #everybody: TenantRule;
  readonly #options: JourneyOptions;
  readonly #tenants: Dictionary;
  readonly #differ: boolean;
  /** By the tenant's code; undefined where not looked up yet. */
  readonly #known: TenantRule[] = [];

  /** @param tenants dictionary of the codes */
  constructor(options: JourneyOptions, tenants: Dictionary) {
    const { clickWindowMs: click, viewWindowMs: view, sessionGapMs: sessionGap } = options;
    this.#everybody = { click, view, sessionGap };
    this.#options = options;
    this.#tenants = tenants;
    this.#differ = options.tenants.size > 0;
  }

  /** ms, inclusive. @param tenant code @param type of the touchpoint */
  of(tenant: number, type: number): number {
    const rule = this.#ruleOf(tenant);
    return type === TYPE_IMPRESSION ? rule.view : rule.click;
  }

  /** Of the tenant's sessions. @param tenant code */
  sessionGapOf(tenant: number): SessionGap {
    return this.#ruleOf(tenant).sessionGap;
  }

  #ruleOf(tenant: number): TenantRule {
    if (!this.#differ) return this.#everybody;
    let rule = this.#known[tenant];
    if (rule === undefined) {
      const { click, view, sessionGap } = this.#everybody;
      const own = this.#options.tenants.get(this.#tenants.text(tenant));
      rule = {
        click: own?.clickWindowMs ?? click,
        view: own?.viewWindowMs ?? view,
        sessionGap: own?.sessionGapMs ?? sessionGap,
      };
      this.#known[tenant] = rule;
    }
    return rule;
  }
}
