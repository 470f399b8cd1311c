import type { TenantSettings } from "@tributary/tenants";

/** By which rules a tenant's Segment events become ours. */
export interface SegmentRules {
  /** Names of `track` events that are conversions. */
  readonly conversions: ReadonlySet<string>;
  /** Names of `track` events that take an order back. */
  readonly refunds: ReadonlySet<string>;
  /** Names of `track` events that are visits. */
  readonly touchpoints: ReadonlySet<string>;
  /** Names of `track` events that are visits where they name a campaign, a click, or the page or app before. */
  readonly campaigns: ReadonlySet<string>;
  /** Properties that hold the money, the first that is there counts. */
  readonly value: readonly string[];
  readonly currency: readonly string[];
  readonly orderId: readonly string[];
  /** ISO 4217 code of money that comes without one. */
  readonly defaultCurrency: string;
}

/**
 * Those of Segment's e-commerce specification, which takes US dollars where nothing else is said
 * (https://segment.com/docs/connections/spec/ecommerce/v2/), and of its mobile specification, which has an event for each way
 * into an app (https://segment.com/docs/connections/spec/mobile/).
 */
export const ECOMMERCE_RULES: SegmentRules = Object.freeze({
  conversions: new Set(["Order Completed"]),
  refunds: new Set(["Order Refunded"]),
  touchpoints: new Set<string>(),
  campaigns: new Set([
    "Application Installed",
    "Application Opened",
    "Deep Link Clicked",
    "Deep Link Opened",
    "Install Attributed",
    "Push Notification Tapped",
  ]),
  value: ["revenue", "total", "value"],
  currency: ["currency"],
  orderId: ["order_id", "orderId"],
  defaultCurrency: "USD",
});

/** A tenant's rules: a rule that it does not name is as in {@link ECOMMERCE_RULES}. */
export function segmentRulesOf({ segment = {}, currency }: TenantSettings): SegmentRules {
  const { conversions, refunds, touchpoints, campaigns } = segment;
  return {
    conversions: conversions === undefined ? ECOMMERCE_RULES.conversions : new Set(conversions),
    refunds: refunds === undefined ? ECOMMERCE_RULES.refunds : new Set(refunds),
    touchpoints: touchpoints === undefined ? ECOMMERCE_RULES.touchpoints : new Set(touchpoints),
    campaigns: campaigns === undefined ? ECOMMERCE_RULES.campaigns : new Set(campaigns),
    value: segment.value ?? ECOMMERCE_RULES.value,
    currency: segment.currency ?? ECOMMERCE_RULES.currency,
    orderId: segment.orderId ?? ECOMMERCE_RULES.orderId,
    defaultCurrency: currency ?? ECOMMERCE_RULES.defaultCurrency,
  };
}
