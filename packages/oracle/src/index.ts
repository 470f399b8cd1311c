/**
 * A second, plain implementation of what Tributary computes, to judge the first one by. It imports nothing of ours, and
 * nothing of it serves the product's own figures.
 */
export { expectedResults } from "./results.ts";
export type { PlainEvent, PlainResult } from "./results.ts";
