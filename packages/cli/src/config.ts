import { CliError } from "./errors.ts";
import { isRedisUrl } from "./options.ts";

/** What the command takes from the environment. Everything else is an option. */
export interface CliConfig {
  /** REDIS_URL: the Redis to use instead of starting one. */
  readonly redisUrl: string | undefined;
  /** TRIBUTARY_KEY: the write key where `--key` is not given. */
  readonly key: string | undefined;
  /** TRIBUTARY_READ_KEY: the key for reports where none is given. */
  readonly readKey: string | undefined;
  /** Handed on to the services. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the environment, once.
 * @throws CliError `usage` for a REDIS_URL that is no redis:// or rediss:// URL; its value is not repeated, it may hold a password
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): CliConfig {
  const redisUrl = environment["REDIS_URL"]?.trim() || undefined;
  if (redisUrl !== undefined && !isRedisUrl(redisUrl)) {
    throw new CliError(
      "usage",
      "REDIS_URL is not a Redis address: expected redis://host:port or rediss://host:port, several separated by commas for a cluster",
    );
  }
  return Object.freeze({
    redisUrl,
    key: environment["TRIBUTARY_KEY"]?.trim() || undefined,
    readKey: environment["TRIBUTARY_READ_KEY"]?.trim() || undefined,
    environment,
  });
}
