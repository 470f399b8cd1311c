export { defaultMemoryLimitMb, readConfig } from "./config.ts";
export type { WorkerConfig } from "./config.ts";
