export { autoscale } from "./autoscale/autoscaler.ts";
export type { AutoscaleLimits } from "./autoscale/decide-workers.ts";
export { identify, isAlive, type ProcessIdentity } from "./client/process-identity.ts";
export type { Platform, PlatformOptions, ServiceName } from "./options.ts";
export { startPlatform } from "./platform.ts";
export { freePort } from "./processes/ports.ts";
export { EXIT_WITH_PARENT } from "./processes/supervised-process.ts";
export { answersPing } from "./redis/redis-probe.ts";
