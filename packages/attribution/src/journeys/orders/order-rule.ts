import type { Dictionary } from "@tributary/protocol";
import type { JourneyOptions } from "../settings/options.ts";

/** Which tenants use an order ID for one order only, see docs/models.md. */
export class OrderRule {
  readonly #options: JourneyOptions;
  readonly #tenants: Dictionary;
  readonly #differ: boolean;
  /** By the tenant's code; undefined where not looked up yet. */
  readonly #known: boolean[] = [];

  /** @param tenants dictionary of the codes */
  constructor(options: JourneyOptions, tenants: Dictionary) {
    this.#options = options;
    this.#tenants = tenants;
    this.#differ = [...options.tenants.values()].some(({ reusedOrderIds }) => reusedOrderIds);
  }

  /** Whether conversions of one order ID and name are one order. @param tenant code */
  holdsFor(tenant: number): boolean {
    if (!this.#differ) return true;
    let holds = this.#known[tenant];
    if (holds === undefined) {
      holds = this.#options.tenants.get(this.#tenants.text(tenant))?.reusedOrderIds !== true;
      this.#known[tenant] = holds;
    }
    return holds;
  }
}
