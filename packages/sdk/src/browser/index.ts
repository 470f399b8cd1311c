export { Tributary } from "./client.ts";
export type { BrowserOptions } from "./client.ts";
export type { Persistence } from "./storage.ts";
export type { ConversionFields, OutgoingEvent, Properties, RefundFields } from "../core/event.ts";
export type { OnProblem, Problem, ProblemCode } from "../core/problem.ts";
