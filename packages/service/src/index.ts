export {
  areKeysInRedis,
  type StoredKeys,
  ApiKeys,
  isLoopback,
  OPEN_TENANT,
  parseApiKeys,
  TENANT_NAME,
} from "./api-keys.ts";
export {
  type Environment,
  EnvironmentError,
  readEnvironment,
  text,
  wholeNumber,
} from "./environment.ts";
export { expectShortLivedBuffers } from "./garbage-limits.ts";
export {
  listen,
  type ListenConfig,
  listenConfig,
  listenSettings,
  type PortReleased,
  type ServiceMessage,
} from "./listen.ts";
