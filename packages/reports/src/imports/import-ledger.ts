/** The ledger of a tenant's imports: what came, what of it was new, and taking it back. */
import type { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { TenantRules } from "@tributary/attribution";
import {
  countImported,
  findImportRows,
  type ImportKind,
  type ImportRecord,
  type KnownRow,
  readImports,
  readMapping,
  removeImported,
  storeImport,
  storeImportRows,
  storeRates,
  storeSpend,
  type WarehouseEngine,
} from "@tributary/warehouse";
import { ReportsError } from "../errors.ts";
import { rateRows, spendRows } from "../formats/import-rows.ts";

/** What an import is begun with. */
export interface BegunImport {
  readonly kind: ImportKind;
  /** Name of the file. */
  readonly file: string;
  /** Digest of the names of its columns. */
  readonly header: string;
  /** JSON. */
  readonly mapping: string;
}

/** Rows of a finished import, by outcome. */
export type ImportedCounts = Pick<
  ImportRecord,
  "rows" | "newRows" | "presentRows" | "differingRows" | "refusedRows"
>;

/** Keeps the ledger in the warehouse. An import of another tenant does not exist for it. */
export class ImportLedger {
  readonly #engine: WarehouseEngine;
  readonly #channelsOf: (tenant: string) => TenantRules | undefined;

  /** @param channelsOf rules of a tenant's channels, for spend without one */
  constructor(engine: WarehouseEngine, channelsOf: (tenant: string) => TenantRules | undefined) {
    this.#engine = engine;
    this.#channelsOf = channelsOf;
  }

  /** The mapping of the last import of a file with these columns, as JSON. @param header digest of their names */
  async mapping(tenant: string, header: string): Promise<string | undefined> {
    return readMapping(this.#engine, tenant, header);
  }

  async begin(tenant: string, begun: BegunImport, now: number): Promise<ImportRecord> {
    const record: ImportRecord = {
      ...begun,
      tenant,
      importId: randomUUID(),
      state: "begun",
      begunAt: now,
      rows: 0,
      newRows: 0,
      presentRows: 0,
      differingRows: 0,
      refusedRows: 0,
    };
    await storeImport(this.#engine, record, now);
    return record;
  }

  /** The known ones of some rows of events. */
  async find(tenant: string, rows: Buffer): Promise<readonly KnownRow[]> {
    return findImportRows(this.#engine, tenant, rows);
  }

  /**
   * Notes rows of events that the gateway has accepted.
   * @throws ReportsError `not_found`, `import_final`
   */
  async record(tenant: string, importId: string, rows: Buffer): Promise<void> {
    await this.#open(tenant, importId, ["events"]);
    await storeImportRows(this.#engine, tenant, importId, rows);
  }

  /**
   * Stores rows of spend or rates, all or none.
   * @param body JSON, as `POST /v1/spend` takes it
   * @throws ReportsError `not_found`, `import_final`, `import_invalid`
   */
  async storeDays(tenant: string, importId: string, body: unknown): Promise<number> {
    const { kind, begunAt } = await this.#open(tenant, importId, ["spend", "rates"]);
    const origin = { importedAt: begunAt, importId };
    if (kind === "rates") {
      const rows = rateRows(body);
      await storeRates(this.#engine, tenant, rows, origin);
      return rows.length;
    }
    const rows = spendRows(body, this.#channelsOf(tenant));
    await storeSpend(this.#engine, tenant, rows, origin);
    return rows.length;
  }

  /**
   * Ends an import: all of it is there. Of spend and rates the ledger counts itself what was new.
   * @throws ReportsError `not_found`, `import_final`
   */
  async end(
    tenant: string,
    importId: string,
    counts: ImportedCounts,
    now: number,
  ): Promise<ImportRecord> {
    const open = await this.#open(tenant, importId, ["events", "spend", "rates"]);
    const counted =
      open.kind === "events" ? {} : await countImported(this.#engine, open.kind, tenant, importId);
    const { refusedRows } = counts;
    const stored = { ...counts, ...counted };
    const rows = open.kind === "events" ? counts.rows : stored.rows + refusedRows;
    const record: ImportRecord = { ...open, ...stored, rows, refusedRows, state: "done" };
    await storeImport(this.#engine, record, now);
    return record;
  }

  /**
   * Takes an import of spend or rates back: what it had replaced is valid again.
   * @throws ReportsError `not_found`; `import_final` for events, which have been attributed
   */
  async undo(tenant: string, importId: string, now: number): Promise<ImportRecord> {
    const record = await this.get(tenant, importId);
    if (record.kind === "events") throw eventsStay();
    if (record.state === "undone") return record;
    const undone: ImportRecord = { ...record, state: "undone" };
    await removeImported(this.#engine, record.kind, importId);
    await storeImport(this.#engine, undone, now);
    return undone;
  }

  /** @throws ReportsError `not_found` */
  async get(tenant: string, importId: string): Promise<ImportRecord> {
    const [record] = await readImports(this.#engine, tenant, importId);
    if (record !== undefined) return record;
    throw new ReportsError("not_found", "there is no such import");
  }

  async #open(
    tenant: string,
    importId: string,
    kinds: readonly ImportKind[],
  ): Promise<ImportRecord> {
    const record = await this.get(tenant, importId);
    if (!kinds.includes(record.kind)) {
      throw new ReportsError("import_invalid", `the import is one of ${record.kind}`);
    }
    if (record.state === "begun") return record;
    throw new ReportsError("import_final", `the import is ${record.state}: begin another`);
  }
}

function eventsStay(): ReportsError {
  return new ReportsError(
    "import_final",
    "events of an import cannot be taken back: they have been attributed, and others' results rest on them. A refund takes back an order's value, an erasure a person; docs/import.md says more",
  );
}
