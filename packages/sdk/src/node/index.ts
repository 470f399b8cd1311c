export { Tributary } from "./client.ts";
export type { Identity, NodeOptions } from "./client.ts";
export type {
  ConversionFields,
  EventInput,
  OutgoingEvent,
  Properties,
  RefundFields,
} from "../core/event.ts";
export type { OnProblem, Problem, ProblemCode } from "../core/problem.ts";
