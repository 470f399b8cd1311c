import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import type { ChdbResult, Session } from "chdb";
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
import { StatementCount } from "./statement-count.ts";

/** Folder inside the data folder for rows on their way in. */
const LOADING_FOLDER = "loading";

/**
 * Opens chDB, the ClickHouse engine in this process, on a folder. One process has one folder, and one folder one
 * process. The engine runs one statement at a time, off the event loop.
 * @throws WarehouseError `data_dir_locked` where another process holds the folder, `unavailable` for other reasons
 */
export async function openChdb(dataDir: string, limits: EngineLimits): Promise<WarehouseEngine> {
  const folder = resolve(dataDir);
  const loading = join(folder, LOADING_FOLDER);
  // Loaded here and not at the top: the library has 500 MB, which a user of a ClickHouse server does not need.
  const chdb = await import("chdb");
  let session: Session;
  try {
    await mkdir(folder, { recursive: true });
    session = new chdb.Session(folder);
  } catch (error) {
    throw await openingError(folder, error);
  }
  // A killed process acknowledged nothing of what it left there: those rows come again.
  await rm(loading, { recursive: true, force: true });
  await mkdir(loading, { recursive: true });
  return new ChdbEngine(session, loading, limits, () => chdb.drainPending());
}

async function openingError(folder: string, error: unknown): Promise<WarehouseError> {
  const holder = await holderOf(folder);
  if (holder !== undefined) {
    return new WarehouseError(
      "data_dir_locked",
      `the warehouse folder ${folder} is in use by process ${holder}: stop it, or use another data folder`,
      error,
    );
  }
  const message = `chDB cannot open ${folder}: ${firstLine(messageOf(error))}`;
  return new WarehouseError("unavailable", message, error);
}

/** Finds the living process that holds a folder in the file that the engine locks; the library's error does not name it. */
async function holderOf(folder: string): Promise<number | undefined> {
  const status = await readFile(join(folder, "status"), "utf8").catch(() => "");
  const pid = Number(/^PID: (\d+)/.exec(status)?.[1]);
  if (!Number.isInteger(pid)) return undefined;
  try {
    // Signal 0 asks whether the process exists.
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM" ? pid : undefined;
  }
}

class ChdbEngine implements WarehouseEngine {
  readonly #session: Session;
  readonly #loading: string;
  readonly #limits: EngineLimits;
  readonly #drain: () => Promise<void>;
  readonly #count = new StatementCount();
  #loads = 0;
  #exports = 0;
  /** Loads that have ended. Only this process inserts into its folder. */
  #loaded = 0;

  constructor(session: Session, loading: string, limits: EngineLimits, drain: () => Promise<void>) {
    this.#session = session;
    this.#loading = loading;
    this.#limits = limits;
    this.#drain = drain;
  }

  get statements(): number {
    return this.#count.value;
  }

  async query<T>(sql: string, params: QueryParameters = {}): Promise<T[]> {
    const result = await this.#select(sql, params, OUTPUT_SETTINGS, "JSONEachRow");
    const rows: T[] = [];
    for (const line of result.text().split("\n")) {
      if (line !== "") rows.push(JSON.parse(line) as T);
    }
    return rows;
  }

  async queryArrow(sql: string, params: QueryParameters = {}): Promise<Uint8Array<ArrayBuffer>> {
    const result = await this.#select(sql, params, ARROW_SETTINGS, "Arrow");
    // A copy of our own: the engine's memory cannot be handed to a thread.
    return new Uint8Array(result.bytes());
  }

  async queryParquet(sql: string, params: QueryParameters = {}): Promise<Buffer> {
    return Buffer.from((await this.#select(sql, params, {}, "Parquet")).bytes());
  }

  /** Writes a file beside the rows on their way in, and removes it when it was read or its reader is gone. */
  async exportParquet(sql: string, params: QueryParameters = {}): Promise<Readable> {
    this.#exports += 1;
    const file = join(this.#loading, `export-${this.#exports}.parquet`);
    const max_execution_time = this.#limits.queryTimeoutMs / 1000;
    try {
      await this.#count.during(async () =>
        this.#session.queryBindAsync(
          `INSERT INTO FUNCTION file(${quote(file)}, 'Parquet') SETTINGS ${settingsList({ max_execution_time })} ${sql}`,
          params,
        ),
      );
    } catch (error) {
      await rm(file, { force: true });
      throw statementError(error, this.#limits);
    }
    const stream = createReadStream(file);
    // A file that cannot be removed goes with the whole folder at the next start.
    stream.once("close", () => void rm(file, { force: true }).catch(() => undefined));
    return stream;
  }

  async dataVersion(): Promise<string> {
    return String(this.#loaded);
  }

  async #select(
    sql: string,
    params: QueryParameters,
    settings: Readonly<Record<string, number | string>>,
    format: string,
  ): Promise<ChdbResult> {
    const max_execution_time = this.#limits.queryTimeoutMs / 1000;
    const whole = `${sql}\nSETTINGS ${settingsList({ ...settings, max_execution_time })}`;
    try {
      return await this.#count.during(async () =>
        this.#session.queryBindAsync(whole, params, { format }),
      );
    } catch (error) {
      throw statementError(error, this.#limits);
    }
  }

  async command(sql: string): Promise<void> {
    try {
      await this.#count.during(async () => this.#session.queryAsync(sql));
    } catch (error) {
      throw statementError(error, this.#limits);
    }
  }

  /** Inserts through a file: the library's own insert takes text formats only, and costs 2.4 instead of 1.5 µs a row. */
  async insertRowBinary(
    table: string,
    columns: readonly Column[],
    bytes: Uint8Array,
  ): Promise<void> {
    if (bytes.length === 0) return;
    this.#loads += 1;
    const file = join(this.#loading, `${this.#loads}.bin`);
    const names = columnNames(columns);
    const structure = columns.map((column) => `\`${column.name}\` ${column.type}`).join(", ");
    try {
      await writeFile(file, bytes);
      await this.#count.during(async () =>
        this.#session.queryAsync(
          `INSERT INTO ${table} (${names}) SETTINGS ${settingsList(INSERT_SETTINGS)} SELECT ${names} FROM file(${quote(file)}, 'RowBinary', ${quote(structure)})`,
        ),
      );
    } catch (error) {
      throw new WarehouseError("insert_failed", `${table}: ${firstLine(messageOf(error))}`, error);
    } finally {
      // Also after a failure, which may have inserted a part.
      this.#loaded += 1;
      await rm(file, { force: true });
    }
  }

  async ping(): Promise<void> {
    await this.command("SELECT 1");
  }

  async close(): Promise<void> {
    this.#session.close();
    await this.#drain();
  }
}

function statementError(error: unknown, limits: EngineLimits): WarehouseError {
  const message = firstLine(messageOf(error));
  if (message.includes("TIMEOUT_EXCEEDED")) {
    return new WarehouseError(
      "query_timeout",
      `the query ran longer than ${limits.queryTimeoutMs} ms`,
      error,
    );
  }
  return refusedStatement(message, error);
}

/** A string literal of ClickHouse's SQL. */
function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

function firstLine(message: string): string {
  const end = message.indexOf("\n");
  return (end < 0 ? message : message.slice(0, end)).slice(0, 1000);
}
