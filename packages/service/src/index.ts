export {
  API_KEY_KINDS,
  areKeysInRedis,
  type ApiKeyKind,
  type StoredKeys,
  ApiKeys,
  isLoopback,
  OPEN_TENANT,
  parseApiKeys,
  TENANT_NAME,
} from "./access/api-keys.ts";
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
} from "./access/local-guard.ts";
export { refuseUnknownVariables, SCRIPT_NAMES, SETTING_NAMES } from "./known-variables.ts";
export { makeFolder } from "./make-folder.ts";
export { readOrExit } from "./read-or-exit.ts";
export { KeyAttempts } from "./access/key-attempts.ts";
export { RouteMethods } from "./route-methods.ts";
export { TokenBucket } from "./token-bucket.ts";
export { parseProxies } from "./access/trusted-proxies.ts";
export { answerUnreadable } from "./unreadable.ts";
