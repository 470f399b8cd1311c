import { agreeOnPlatform, connectRedis, ensureGroups, waitUntilReady } from "@tributary/streams";
import { startTelemetry } from "@tributary/telemetry";
import { createGateway } from "../../src/server.ts";
import { readConfig } from "../../src/config.ts";
import { Spool } from "../../src/spool/spool.ts";

/**
 * A gateway over a real Redis, answering through Fastify's inject; not listening.
 * @param log takes the lines that are logged from warnings on; without it nothing is logged
 */
export async function startGateway(
  redisUrl: string,
  env: Record<string, string> = {},
  log?: { write(line: string): void },
) {
  const config = readConfig({
    REDIS_URL: redisUrl,
    TRIBUTARY_PARTITIONS: "4",
    OTEL_TRACES_EXPORTER: "none",
    TRIBUTARY_LOG_LEVEL: log === undefined ? "silent" : "warn",
    ...env,
  });
  const telemetry = startTelemetry({
    serviceName: "gateway-test",
    serviceVersion: "0",
    instanceId: "test",
    config: config.telemetry,
    ...(log === undefined ? {} : { logDestination: log }),
  });
  const client = connectRedis(redisUrl, { name: "gateway-test", commandTimeoutMs: 1000 });
  if (!(await waitUntilReady(client, 5000))) throw new Error("no Redis");
  await agreeOnPlatform(client, config.partitions);
  await ensureGroups(client, config.partitions);
  const spool =
    config.spool === undefined ? undefined : await Spool.open(config.spool, telemetry.logger);
  const { server, publisher, backlog, forwarder } = createGateway(
    config,
    client,
    telemetry,
    42,
    spool,
  );
  forwarder?.start();
  return {
    server,
    publisher,
    backlog,
    spool,
    client,
    config,
    async close() {
      await server.close();
      await forwarder?.stop();
      await publisher.close();
      await backlog.stop();
      await spool?.close();
      client.disconnect();
      await telemetry.shutdown();
    },
  };
}

export type TestGateway = Awaited<ReturnType<typeof startGateway>>;
