import { Readable } from "node:stream";
import { ClickHouseError, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import type { ClickHouseClient } from "@clickhouse/client";
import { buffer } from "node:stream/consumers";
import {
  ARROW_SETTINGS,
  columnNames,
  INSERT_SETTINGS,
  OUTPUT_SETTINGS,
  settingsList,
  type Column,
  type EngineLimits,
  type QueryParameters,
  type WarehouseEngine,
} from "./engine.ts";
import { messageOf, WarehouseError, refusedStatement } from "../errors.ts";
import { DATABASE } from "./database.ts";
import { StatementCount } from "./statement-count.ts";

/** Time that a request may take beyond its query, ms: the server's own bound comes first. */
const REQUEST_MARGIN_MS = 5_000;
const MAX_CONNECTIONS = 8;

/**
 * A ClickHouse server over HTTP. Opening does not connect: {@link WarehouseEngine.ping} does.
 * @param url with user and password where the server wants them
 * @throws WarehouseError `unavailable` for a URL that cannot be used
 */
export function openClickHouse(url: string, limits: EngineLimits): WarehouseEngine {
  try {
    const client = createClient({
      url,
      request_timeout: limits.queryTimeoutMs + REQUEST_MARGIN_MS,
      max_open_connections: MAX_CONNECTIONS,
      application: "tributary",
      clickhouse_settings: { ...OUTPUT_SETTINGS },
      // Every error reaches the caller, which logs it once; the client would print it beside the log.
      log: { level: ClickHouseLogLevel.OFF },
    });
    return new ClickHouseEngine(client, limits);
  } catch (error) {
    throw new WarehouseError("unavailable", `CLICKHOUSE_URL: ${messageOf(error)}`, error);
  }
}

class ClickHouseEngine implements WarehouseEngine {
  readonly #client: ClickHouseClient;
  readonly #limits: EngineLimits;
  readonly #count = new StatementCount();

  constructor(client: ClickHouseClient, limits: EngineLimits) {
    this.#client = client;
    this.#limits = limits;
  }

  get statements(): number {
    return this.#count.value;
  }

  async query<T>(sql: string, params: QueryParameters = {}): Promise<T[]> {
    try {
      return await this.#count.during(async () => {
        const result = await this.#client.query({
          query: sql,
          query_params: { ...params },
          format: "JSONEachRow",
          clickhouse_settings: { max_execution_time: this.#limits.queryTimeoutMs / 1000 },
        });
        return result.json<T>();
      });
    } catch (error) {
      throw this.#classify(error);
    }
  }

  async queryArrow(sql: string, params: QueryParameters = {}): Promise<Uint8Array<ArrayBuffer>> {
    const settings = `\nSETTINGS ${settingsList(ARROW_SETTINGS)}`;
    return new Uint8Array(await this.#bytes(`${sql}${settings} FORMAT Arrow`, params));
  }

  async queryParquet(sql: string, params: QueryParameters = {}): Promise<Buffer> {
    return this.#bytes(`${sql} FORMAT Parquet`, params);
  }

  async exportParquet(sql: string, params: QueryParameters = {}): Promise<Readable> {
    return this.#stream(`${sql} FORMAT Parquet`, params);
  }

  async #bytes(query: string, params: QueryParameters): Promise<Buffer> {
    try {
      return await this.#count.during(async () => buffer(await this.#stream(query, params)));
    } catch (error) {
      throw this.#classify(error);
    }
  }

  /** As in an insert: in a format that the client does not read itself. */
  async #stream(query: string, params: QueryParameters): Promise<Readable> {
    try {
      const { stream } = await this.#client.exec({
        query,
        query_params: { ...params },
        clickhouse_settings: { max_execution_time: this.#limits.queryTimeoutMs / 1000 },
      });
      return stream;
    } catch (error) {
      throw this.#classify(error);
    }
  }

  /** Block numbers only grow, and only by inserts; merges keep them. */
  async dataVersion(): Promise<string> {
    const rows = await this.query<{ table: string; newest: string }>(
      `SELECT table, max(max_block_number) AS newest FROM system.parts
WHERE active AND database = '${DATABASE}' GROUP BY table ORDER BY table`,
    );
    return rows.map(({ table, newest }) => `${table}:${newest}`).join(" ");
  }

  async command(sql: string): Promise<void> {
    try {
      await this.#count.during(async () => this.#client.command({ query: sql }));
    } catch (error) {
      throw this.#classify(error);
    }
  }

  async insertRowBinary(
    table: string,
    columns: readonly Column[],
    bytes: Uint8Array,
  ): Promise<void> {
    if (bytes.length === 0) return;
    try {
      // The client's documented way for a format that it does not encode itself: the statement goes in the URL,
      // the rows are the body. The answer must be read to its end to free the socket.
      await this.#count.during(async () => {
        const { stream } = await this.#client.exec({
          query: `INSERT INTO ${table} (${columnNames(columns)}) FORMAT RowBinary`,
          values: Readable.from([bytes], { objectMode: false }),
          clickhouse_settings: { ...INSERT_SETTINGS },
        });
        await stream.resume().toArray();
      });
    } catch (error) {
      throw new WarehouseError("insert_failed", `${table}: ${messageOf(error)}`, error);
    }
  }

  async ping(): Promise<void> {
    const result = await this.#client.ping();
    if (!result.success) {
      const { error } = result;
      throw new WarehouseError(
        "unavailable",
        `ClickHouse does not answer: ${messageOf(error)}`,
        error,
      );
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #classify(error: unknown): WarehouseError {
    if (error instanceof WarehouseError) return error;
    const message = messageOf(error);
    if (error instanceof ClickHouseError) {
      if (error.type === "TIMEOUT_EXCEEDED") {
        const bound = `the query ran longer than ${this.#limits.queryTimeoutMs} ms`;
        return new WarehouseError("query_timeout", bound, error);
      }
      return refusedStatement(message, error);
    }
    return new WarehouseError("unavailable", `ClickHouse does not answer: ${message}`, error);
  }
}
