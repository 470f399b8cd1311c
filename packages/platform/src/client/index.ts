/** What a program needs that meets a running platform from outside; loads nothing of the services. */
export { backoffMs, retryAfterMs } from "./backoff.ts";
export { aborted, pause, takeInterrupts, type Interrupt } from "./interrupt.ts";
export { askReadiness } from "./readiness.ts";
export { readRunningPlatform, type PlatformState } from "./running-platform.ts";
