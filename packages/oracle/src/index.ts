/**
 * A second, plain implementation of what Tributary computes, to judge the first one by. It imports nothing of ours, and
 * nothing of it serves the product's own figures.
 */
export type { PlainSessionGap } from "./arrivals.ts";
export { differenceOf } from "./difference.ts";
export type { StoredResult } from "./difference.ts";
export { remainingEvents } from "./erasure.ts";
export type { PlainErasure } from "./erasure.ts";
export { DEFAULT_IDENTITY_RULES } from "./identity.ts";
export type { IdentityRules } from "./identity.ts";
export { duplicateOrdersOf, ordersOf, senderOf } from "./orders.ts";
export { DEFAULT_RULES, expectedResults } from "./results.ts";
export type { PlainEvent, PlainResult, PlainRules } from "./results.ts";
