export {
  areKeysInRedis,
  type StoredKeys,
  ApiKeys,
  isLoopback,
  OPEN_TENANT,
  parseApiKeys,
  TENANT_NAME,
} from "./api-keys.ts";
export { Backoff, backoffMs } from "./backoff.ts";
export {
  type Environment,
  EnvironmentError,
  listenSettings,
  partitionSettings,
  readEnvironment,
  SHARED_SETTINGS,
  text,
  wholeNumber,
} from "./environment.ts";
export { redisRulesOf, redisRulesSchema } from "./redis-rules.ts";
export { answerHalfClosed } from "./half-closed.ts";
export { expectShortLivedBuffers } from "./garbage-limits.ts";
export {
  listen,
  type ListenConfig,
  listenConfig,
  type PortReleased,
  type ServiceMessage,
} from "./listen.ts";
export {
  hostRefusal,
  isKnownHost,
  originHost,
  pageRefusal,
  parseHostNames,
} from "./local-guard.ts";
export { TokenBucket } from "./token-bucket.ts";
