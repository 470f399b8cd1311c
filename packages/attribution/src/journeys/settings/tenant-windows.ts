import { type Dictionary, TYPE_IMPRESSION } from "@tributary/protocol";
import type { JourneyOptions } from "./options.ts";

/** How long before a conversion a touchpoint still counts, by tenant. */
export class TenantWindows {
  readonly #options: JourneyOptions;
  readonly #tenants: Dictionary;
  readonly #differ: boolean;
  /** Of clicks and visits, and of impressions, by the tenant's code; undefined where not looked up yet. */
  readonly #known: { readonly click: number; readonly view: number }[] = [];

  /** @param tenants dictionary of the codes */
  constructor(options: JourneyOptions, tenants: Dictionary) {
    this.#options = options;
    this.#tenants = tenants;
    this.#differ = options.tenants.size > 0;
  }

  /** ms, inclusive. @param tenant code @param type of the touchpoint */
  of(tenant: number, type: number): number {
    const { clickWindowMs, viewWindowMs } = this.#options;
    if (!this.#differ) return type === TYPE_IMPRESSION ? viewWindowMs : clickWindowMs;
    let windows = this.#known[tenant];
    if (windows === undefined) {
      const own = this.#options.tenants.get(this.#tenants.text(tenant));
      windows = {
        click: own?.clickWindowMs ?? clickWindowMs,
        view: own?.viewWindowMs ?? viewWindowMs,
      };
      this.#known[tenant] = windows;
    }
    return type === TYPE_IMPRESSION ? windows.view : windows.click;
  }
}
