import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { QueryParameters, WarehouseEngine } from "../../src/engine/engine.ts";

/** What the shim was asked, for tests that look at the wire. */
export interface ShimRequest {
  readonly sql: string;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * ClickHouse's HTTP interface over an engine: a statement in `query` or the body, `param_x` bound, RowBinary in the
 * body of an INSERT. Enough of it to run our client's own requests against the real engine.
 */
export async function startShim(
  engine: WarehouseEngine,
): Promise<{ url: string; requests: ShimRequest[]; stop: () => Promise<void> }> {
  const requests: ShimRequest[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://shim");
    void buffer(request)
      .then(async (body) => {
        if (url.pathname === "/ping") return "Ok.\n";
        const settings = Object.fromEntries(url.searchParams);
        const inUrl = url.searchParams.get("query");
        const sql = inUrl ?? body.toString("utf8");
        requests.push({ sql, settings });
        return run(engine, sql, settings, inUrl === null ? new Uint8Array(0) : body);
      })
      .then(
        (text) => response.end(text),
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          response.writeHead(500).end(message);
        },
      );
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

async function run(
  engine: WarehouseEngine,
  sql: string,
  settings: Readonly<Record<string, string>>,
  rows: Uint8Array,
): Promise<string | Uint8Array> {
  const insert = /^INSERT INTO (\S+) \((.*)\) FORMAT RowBinary$/s.exec(sql.trim());
  if (insert !== null) {
    const [, table = "", names = ""] = insert;
    const described = await engine.query<{ name: string; type: string }>(
      `SELECT name, type FROM system.columns WHERE database || '.' || table = {table:String}`,
      { table },
    );
    const columns = names.split(", ").map((quoted) => {
      const name = quoted.replaceAll("`", "");
      const type = described.find((column) => column.name === name)?.type ?? "String";
      return { name, type: type.replaceAll("LowCardinality(String)", "String") };
    });
    await engine.insertRowBinary(table, columns, rows);
    return "";
  }
  // The engine sets these itself.
  const arrow = /^(.*)\s+SETTINGS [^\n]* FORMAT Arrow$/s.exec(sql.trim());
  if (arrow !== null) return engine.queryArrow(arrow[1] ?? "", paramsOf(settings));
  const parquet = /^(.*) FORMAT Parquet$/s.exec(sql.trim());
  if (parquet !== null) return engine.queryParquet(parquet[1] ?? "", paramsOf(settings));
  const select = /^(.*)\s+FORMAT JSONEachRow$/s.exec(sql.trim());
  if (select === null) {
    await engine.command(sql);
    return "";
  }
  const found = await engine.query(select[1] ?? "", paramsOf(settings));
  return found.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** ClickHouse reads parameters as escaped TSV fields; the library binds text as it is. */
function paramsOf(settings: Readonly<Record<string, string>>): QueryParameters {
  const params: Record<string, string | string[]> = {};
  for (const [name, text] of Object.entries(settings)) {
    if (!name.startsWith("param_")) continue;
    const value = text.startsWith("[")
      ? [...text.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map((match) => unescape(match[1] ?? ""))
      : unescape(text);
    params[name.slice("param_".length)] = value;
  }
  return params;
}

function unescape(text: string): string {
  const named: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0" };
  return text.replace(/\\(.)/gs, (_whole, letter: string) => named[letter] ?? letter);
}
