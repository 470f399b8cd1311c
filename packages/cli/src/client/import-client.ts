/** Asks a reports service's ledger of imports. */
import type { Buffer } from "node:buffer";
import type { DayRow, KnownRow, Ledger } from "@tributary/imports";
import {
  begunImportSchema,
  type ImportAnswer,
  importRecordSchema,
  importsSchema,
  knownRowsSchema,
  mappingAnswerSchema,
  storedRowsSchema,
} from "@tributary/reports/answers";
import type { z } from "zod";
import type { Body, ReportsClient } from "./reports-client.ts";

/** Rows of an import, by outcome. */
export type ImportCounts = Pick<
  ImportAnswer,
  "rows" | "newRows" | "presentRows" | "differingRows" | "refusedRows"
>;

/** Every method throws as the reports client does. */
export class ImportClient implements Pick<Ledger, "find"> {
  readonly #reports: ReportsClient;

  constructor(reports: ReportsClient) {
    this.#reports = reports;
  }

  /** The mapping of the last import of a file with these columns; null where there is none. */
  async mapping(header: string): Promise<unknown> {
    const query = new URLSearchParams({ header }).toString();
    const { mapping } = await this.#reports.ask(
      `/v1/imports/mapping?${query}`,
      mappingAnswerSchema,
      undefined,
    );
    return mapping;
  }

  readonly find = async (rows: Buffer): Promise<readonly KnownRow[]> => {
    const { present, differing } = await this.#reports.ask(
      "/v1/imports/known",
      knownRowsSchema,
      binary(rows),
    );
    return [
      ...present.map((place) => ({ place, same: true })),
      ...differing.map((place) => ({ place, same: false })),
    ];
  };

  async begin(begun: object): Promise<z.infer<typeof begunImportSchema>> {
    return this.#reports.ask("/v1/imports/begin", begunImportSchema, json(begun));
  }

  /** Notes rows of events that the gateway has accepted. */
  async record(id: string, rows: Buffer): Promise<void> {
    await this.#reports.ask(`/v1/imports/${id}/events`, storedRowsSchema, binary(rows));
  }

  /** Stores rows of spend or rates, all or none. */
  async storeDays(id: string, rows: readonly DayRow[]): Promise<void> {
    await this.#reports.ask(`/v1/imports/${id}/days`, storedRowsSchema, json({ rows }));
  }

  async end(id: string, counts: ImportCounts): Promise<ImportAnswer> {
    return this.#reports.ask(`/v1/imports/${id}/end`, importRecordSchema, json(counts));
  }

  async list(): Promise<readonly ImportAnswer[]> {
    return (await this.#reports.ask("/v1/imports", importsSchema, undefined)).imports;
  }

  async undo(id: string): Promise<ImportAnswer> {
    return this.#reports.ask(
      `/v1/imports/${encodeURIComponent(id)}/undo`,
      importRecordSchema,
      json({}),
    );
  }
}

function json(value: object): Body {
  return { type: "application/json", content: JSON.stringify(value) };
}

function binary(rows: Buffer): Body {
  return { type: "application/octet-stream", content: new Uint8Array(rows) };
}
