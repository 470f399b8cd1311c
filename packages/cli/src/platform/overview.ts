import type { Platform } from "@tributary/platform";
import { redactUrl } from "@tributary/telemetry";

/** The addresses of the services, and the folder of the logs, one per line. */
export function overview(platform: Platform): string {
  const redis = new URL(platform.redisUrl.split(",")[0] ?? platform.redisUrl);
  const port = redis.port === "" ? "6379" : redis.port;
  const rows = [
    ["events in", `${platform.gatewayUrl}/v1/events`],
    ["reports", `${platform.reportsUrl}/v1/reports/attribution?model=all&by=channel`],
    [
      "workers",
      platform
        .workers()
        .map(({ name, url }) => `${name} ${url}/metrics`)
        .join("  "),
    ],
    ...(platform.webhooksUrl === undefined
      ? []
      : [["webhooks", `${platform.webhooksUrl}/metrics`]]),
    ["Redis", platform.ownsRedis ? `redis-cli -p ${port}` : redactUrl(platform.redisUrl)],
    ["logs", platform.logDir],
  ];
  return rows.map(([name = "", value = ""]) => `  ${name.padEnd(10)} ${value}`).join("\n");
}
