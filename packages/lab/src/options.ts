/** Allowed values of a measurement's options; loads nothing that measures. */
export { BODY_FORMS } from "./bench/load/bodies.ts";
export { FAULT_KINDS, FAULTS, type FaultKind } from "./chaos/faults.ts";
