/** What options of a measurement may be; loads nothing that measures. */
export { BODY_FORMS } from "./bench/bodies.ts";
export { FAULT_KINDS, FAULTS, type FaultKind } from "./chaos/faults.ts";
