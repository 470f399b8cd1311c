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
export { redisRulesOf, redisRulesSchema } from "./redis-rules.ts";
export { expectShortLivedBuffers } from "./garbage-limits.ts";
