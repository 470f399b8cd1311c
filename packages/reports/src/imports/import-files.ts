/** Imports over HTTP in two steps: a look at a file, which is kept for a while, and its commit. */
import type { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import {
  applyPreset,
  checkMapping,
  type Choices,
  findPreset,
  headerDigest,
  ImportError,
  type Kind,
  lookAt,
  type Mapping,
  openTable,
  presetNamed,
  type Proposal,
  propose,
  readRows,
  type ReadRow,
  type Table,
} from "@tributary/imports";
import { LRUCache } from "lru-cache";
import type { ImportFilesOptions } from "../import-settings.ts";
import { ReportsError } from "../errors.ts";
import {
  commitDays,
  commitEvents,
  type Committed,
  type CommitRequest,
  type KeptFile,
} from "./commit-file.ts";
import type { ImportLedger } from "./import-ledger.ts";

/** What a look found. */
export interface FileLook {
  /** Names the kept file. */
  readonly look: string;
  /** ms since 1970. */
  readonly keptUntil: number;
  readonly table: Table;
  readonly mappingFrom: "remembered" | "proposed";
  readonly proposal: Proposal;
  /** The first rows as they would be; none while something is open. */
  readonly rows: readonly ReadRow[];
}

/** Keeps files between the two steps, and commits them. */
export class ImportFiles {
  readonly #options: ImportFilesOptions;
  readonly #ledger: ImportLedger;
  readonly #kept: LRUCache<string, KeptFile>;
  #commits = 0;

  constructor(ledger: ImportLedger, options: ImportFilesOptions) {
    this.#ledger = ledger;
    this.#options = options;
    this.#kept = new LRUCache({
      max: 1000,
      maxSize: options.keptBytes,
      sizeCalculation: ({ bytes }) => Math.max(1, bytes.length),
      ttl: options.keptMs,
    });
  }

  /** Largest file, bytes. */
  get maxFileBytes(): number {
    return this.#options.maxFileBytes;
  }

  /**
   * Looks at a file and keeps it.
   * @throws ReportsError `import_invalid` for a file that is no table
   */
  async look(
    tenant: string,
    name: string,
    kind: Kind | undefined,
    bytes: Buffer,
    now: number,
  ): Promise<FileLook> {
    const file: KeptFile = { tenant, name, bytes, kind };
    return asReportsErrors(async () => {
      const found = await this.#propose(file, new Map());
      const look = randomUUID();
      this.#kept.set(look, file);
      return { ...found, look, keptUntil: now + this.#options.keptMs };
    });
  }

  /**
   * Imports a kept file: all of it or nothing, unless `partly`.
   * @throws ReportsError `not_found` where it is not kept any more; `import_open` where the proposal leaves something open;
   * `import_invalid`, `busy`, `write_key_refused`, `unavailable`
   */
  async commit(
    tenant: string,
    look: string,
    request: CommitRequest,
    now: number,
  ): Promise<Committed> {
    const file = this.#kept.get(look);
    if (file === undefined || file.tenant !== tenant) {
      throw new ReportsError("not_found", "there is no such look any more: send the file again");
    }
    if (this.#commits >= this.#options.maxCommits) {
      throw new ReportsError("busy", "as many imports as may run are running");
    }
    this.#commits += 1;
    try {
      return await asReportsErrors(async () => {
        const { table, mapping } = await this.#mappingOf(file, request);
        const parts = {
          ...this.#options,
          ledger: this.#ledger,
          file,
          table,
          mapping,
          request,
          now,
        };
        return mapping.kind === "events" ? commitEvents(parts) : commitDays(parts);
      });
    } finally {
      this.#commits -= 1;
    }
  }

  async #propose(
    file: KeptFile,
    answers: ReadonlyMap<string, string>,
  ): Promise<Omit<FileLook, "look" | "keptUntil">> {
    const opened = await openTable(file.bytes, { name: file.name });
    const before = await this.#ledger.mapping(file.tenant, headerDigest(opened.columns));
    const remembered = before === undefined ? undefined : checkMapping(JSON.parse(before));
    if (remembered !== undefined && (file.kind ?? remembered.kind) === remembered.kind) {
      const table = shaped(opened, remembered);
      const unmapped = opened.columns.filter((column) => isLeftOut(remembered, column));
      const proposal = { mapping: remembered, open: [], notes: [], unmapped };
      const rows = readRows(await lookAt(table), remembered);
      return { table, mappingFrom: "remembered", proposal, rows };
    }
    const preset = findPreset(opened.columns, file.kind);
    const applied = preset === undefined ? undefined : applyPreset(opened, preset);
    const table = applied?.table ?? opened;
    const choices: Choices = {
      ...applied?.choices,
      preset: preset?.name,
      kind: file.kind ?? applied?.choices.kind,
      zone: answers.get("zone") ?? applied?.choices.zone,
      answers: new Map([...(applied?.choices.answers ?? []), ...answers]),
    };
    const found = await lookAt(table);
    const proposal = propose(found, choices);
    const rows = proposal.open.length === 0 ? readRows(found, proposal.mapping) : [];
    return { table, mappingFrom: "proposed", proposal, rows };
  }

  async #mappingOf(
    file: KeptFile,
    { mapping: given, answers }: CommitRequest,
  ): Promise<{ table: Table; mapping: Mapping }> {
    if (given !== undefined) {
      const mapping = checkMapping(given);
      const opened = await openTable(file.bytes, { name: file.name });
      return { table: shaped(opened, mapping), mapping };
    }
    const { table, proposal } = await this.#propose(file, answers);
    const [first] = proposal.open;
    if (first === undefined) return { table, mapping: proposal.mapping };
    throw new ReportsError("import_open", first.question, {
      field: first.key,
      ...(first.choices.length === 0 ? {} : { allowed: first.choices }),
    });
  }
}

function shaped(table: Table, { preset }: Mapping): Table {
  return preset === undefined ? table : applyPreset(table, presetNamed(preset)).table;
}

function isLeftOut(mapping: Mapping, column: string): boolean {
  const mapped = mapping.columns[column];
  return mapped === undefined || mapped.ignore === true;
}

async function asReportsErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw new ReportsError("import_invalid", error.message);
  }
}
