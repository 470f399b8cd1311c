import { CliError } from "./errors.ts";

/** What the command takes from the environment. Everything else is an option. */
export interface CliConfig {
  /** REDIS_URL: the Redis to use instead of starting one. */
  readonly redisUrl: string | undefined;
  /** TRIBUTARY_KEY: the write key where `--key` is not given. */
  readonly key: string | undefined;
  /** TRIBUTARY_READ_KEY: the key for reports where none is given. */
  readonly readKey: string | undefined;
  /** TRIBUTARY_ERASE_KEY: the key that people are erased with, where none is given. */
  readonly eraseKey: string | undefined;
  /** TRIBUTARY_JAEGER_UI_URL: where a person finds traces, such as http://127.0.0.1:16686. */
  readonly jaegerUiUrl: string | undefined;
  /** TRIBUTARY_IMPORT_KEY: the key that spend and rates are imported with, where none is given. */
  readonly importKey: string | undefined;
  /** TRIBUTARY_OPERATE_KEY: the key that the whole platform's lag is asked with, where none is given. */
  readonly operateKey: string | undefined;
  /** Handed on to the services. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the environment, once.
 * @throws CliError `usage` for a REDIS_URL that is no redis:// or rediss:// URL (its value is not repeated, it may hold a
 * password), or a TRIBUTARY_JAEGER_UI_URL that is no address
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): CliConfig {
  const redisUrl = environment["REDIS_URL"]?.trim() || undefined;
  if (redisUrl !== undefined && !isRedisUrl(redisUrl)) {
    throw new CliError(
      "usage",
      "REDIS_URL is not a Redis address: expected redis://host:port or rediss://host:port, several separated by commas for a cluster",
    );
  }
  const jaegerUiUrl = environment["TRIBUTARY_JAEGER_UI_URL"]?.trim() || undefined;
  if (jaegerUiUrl !== undefined && !/^https?:\/\/[^?#]+$/.test(jaegerUiUrl)) {
    throw new CliError(
      "usage",
      "TRIBUTARY_JAEGER_UI_URL: expected an address such as http://127.0.0.1:16686",
    );
  }
  return Object.freeze({
    redisUrl,
    jaegerUiUrl: jaegerUiUrl?.replace(/\/+$/, ""),
    key: environment["TRIBUTARY_KEY"]?.trim() || undefined,
    readKey: environment["TRIBUTARY_READ_KEY"]?.trim() || undefined,
    eraseKey: environment["TRIBUTARY_ERASE_KEY"]?.trim() || undefined,
    importKey: environment["TRIBUTARY_IMPORT_KEY"]?.trim() || undefined,
    operateKey: environment["TRIBUTARY_OPERATE_KEY"]?.trim() || undefined,
    environment,
  });
}

/** Whether every part between commas is a redis:// or rediss:// address. */
export function isRedisUrl(text: string): boolean {
  return text.split(",").every((part) => {
    const protocol = URL.canParse(part.trim()) ? new URL(part.trim()).protocol : "";
    return protocol === "redis:" || protocol === "rediss:";
  });
}
