export { readConfig } from "./config.ts";
export type { GatewayConfig } from "./config.ts";
export { GATEWAY_ERRORS, GatewayError } from "./errors.ts";
export type { GatewayErrorCode } from "./errors.ts";
export { createGateway } from "./server.ts";
