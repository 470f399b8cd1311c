export { autoscale } from "./autoscale/autoscaler.ts";
export type { AutoscaleLimits } from "./autoscale/decide-workers.ts";
export { identify, isAlive, type ProcessIdentity } from "./client/process-identity.ts";
export { startPlatform, type Platform, type PlatformOptions } from "./platform.ts";
export { PortPicker } from "./processes/ports.ts";
export { EXIT_WITH_PARENT } from "./processes/supervised-process.ts";
export { answersPing } from "./redis-server.ts";
export type { ServiceName } from "./services.ts";
