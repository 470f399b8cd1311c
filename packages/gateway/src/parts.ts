import type { StoredKeys } from "@tributary/service";
import type { RedisClient, ServerWatch } from "@tributary/streams";
import type { Telemetry } from "@tributary/telemetry";
import type { GatewayConfig } from "./config.ts";
import type { Backlog } from "./publish/backlog.ts";
import type { Publisher } from "./publish/publisher.ts";
import type { Spool } from "./spool/spool.ts";

/** What the gateway's HTTP needs. */
export interface ServerParts {
  readonly config: GatewayConfig;
  readonly client: RedisClient;
  readonly publisher: Publisher;
  readonly backlog: Backlog;
  readonly telemetry: Telemetry;
  readonly spool: Spool | undefined;
  readonly storedKeys: StoredKeys | undefined;
  /** What looks at Redis' settings. */
  readonly serverWatch: Pick<ServerWatch, "reason"> | undefined;
}
