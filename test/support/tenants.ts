import { tenantsFile } from "./tenants-file.ts";
import { type Platform, startPlatform } from "@tributary/platform";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { type Report, temporaryDataDir } from "./tributary.ts";

/** A platform whose Redis can be killed and started again, and whose tests have a tenant each: its key is its name. */
export interface Tenants {
  readonly platform: Platform;
  readonly redis: RedisServer;
  /** A tenant's report, when all that was accepted is in it. */
  report(tenant: string, model?: string): Promise<Report>;
  close(): Promise<void>;
}

export async function startTenants(...names: readonly string[]): Promise<Tenants> {
  const keys = names.map((name) => `${name}=${name}`).join(",");
  const data = temporaryDataDir();
  const redis = await startRedis();
  const closing: (() => Promise<void>)[] = [() => redis.close()];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0)) await end();
    data.remove();
  };
  try {
    const platform = await startPlatform({
      dataDir: data.dir,
      redisUrl: redis.url,
      port: 0,
      partitions: 8,
      environment: {
        ...process.env,
        OTEL_TRACES_EXPORTER: "none",
        TRIBUTARY_WRITE_KEYS: keys,
        TRIBUTARY_READ_KEYS: keys,
        TRIBUTARY_IMPORT_KEYS: keys,
        TRIBUTARY_TENANTS_FILE: tenantsFile(
          data.dir,
          Object.fromEntries(names.map((name) => [name, { links: ["127.0.0.1", "shop.example"] }])),
        ),
      },
    });
    closing.unshift(() => platform.stop());
    return {
      platform,
      redis,
      close,
      async report(tenant, model = "linear") {
        const headers = { authorization: `Bearer ${tenant}` };
        const ask = async (path: string): Promise<unknown> =>
          (await fetch(`${platform.reportsUrl}${path}`, { headers })).json();
        const settled = (await ask("/v1/settled?timeoutMs=30000")) as { settled?: boolean };
        if (settled.settled !== true) throw new Error(`not settled: ${JSON.stringify(settled)}`);
        return (await ask(`/v1/reports/attribution?model=${model}`)) as Report;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
