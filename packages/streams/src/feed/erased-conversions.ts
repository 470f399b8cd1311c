/** Conversions that are no more because their person was erased: what whoever was told of them has to hear. */
import { WEBHOOKS_ERASED_KEY, WEBHOOKS_TENANTS_KEY } from "@tributary/protocol";
import { entryTimeMs } from "../redis/entry-id.ts";
import type { RedisClient } from "../redis/client.ts";

/** A conversion as receivers know it. */
export interface NotedConversion {
  /** Event ID. */
  readonly id: string;
  /** See {@link conversionKey}. */
  readonly key: string;
}

/** Conversions of one tenant, erased together. */
export interface ErasedConversions {
  /** Of the stream's entry. */
  readonly entry: string;
  /** When it was noted, ms since 1970 by the clock of Redis. */
  readonly atMs: number;
  readonly tenant: string;
  readonly conversions: readonly NotedConversion[];
}

/** Conversions in one entry: it is in memory as a whole. */
const PAGE = 1000;

/**
 * Notes conversions for the webhooks, where the tenant has deliveries or had. May be called again: a receiver then hears of them
 * twice.
 */
export async function noteErasedConversions(
  client: RedisClient,
  tenant: string,
  conversions: readonly NotedConversion[],
): Promise<void> {
  if (conversions.length === 0) return;
  if ((await client.sismember(WEBHOOKS_TENANTS_KEY, tenant)) !== 1) return;
  for (let at = 0; at < conversions.length; at += PAGE) {
    const page = JSON.stringify(
      conversions.slice(at, at + PAGE).map(({ id, key }) => ({ id, key })),
    );
    await client.xadd(WEBHOOKS_ERASED_KEY, "*", "tenant", tenant, "conversions", page);
  }
}

/** The oldest that are noted. @param most how many entries */
export async function readErasedConversions(
  client: RedisClient,
  most: number,
): Promise<ErasedConversions[]> {
  const entries = await client.xrange(WEBHOOKS_ERASED_KEY, "-", "+", "COUNT", most);
  return entries.map(([entry, fields]) => {
    const [, tenant = "", , conversions = "[]"] = fields;
    return {
      entry,
      atMs: entryTimeMs(entry),
      tenant,
      conversions: JSON.parse(conversions) as NotedConversion[],
    };
  });
}

/** Takes one off that is done with. */
export async function forgetErasedConversions(
  client: RedisClient,
  { entry }: ErasedConversions,
): Promise<void> {
  await client.xdel(WEBHOOKS_ERASED_KEY, entry);
}
