import {
  EntryWriter,
  type EventRow,
  MAX_ENTRY_EVENTS,
  type RowDictionaries,
} from "@tributary/protocol";

/** An entry for the events of another partition. */
export interface Message {
  readonly partition: number;
  /** Rows in it. */
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** A message is closed before it has more rows: its partition takes each as one batch. */
const MAX_MESSAGE_ROWS = 16_384;
const MAX_LOG_ROWS = MAX_ENTRY_EVENTS - 1;

/** The rows that a batch writes for its own log and for other partitions: blocks of records, and a message a partition. */
export class OutgoingRows {
  readonly #dictionaries: RowDictionaries;
  readonly #log: EntryWriter;
  readonly #writers = new Map<number, EntryWriter>();
  #closed: Message[] = [];
  #blocks: Uint8Array[] = [];

  constructor(dictionaries: RowDictionaries) {
    this.#dictionaries = dictionaries;
    this.#log = new EntryWriter(dictionaries);
  }

  /** Begins a batch. */
  begin(): void {
    this.#log.clear();
    for (const writer of this.#writers.values()) writer.clear();
    this.#closed = [];
    this.#blocks = [];
  }

  /** The log's writer, which has room for a record of two rows. */
  logWriter(): EntryWriter {
    if (this.#log.count >= MAX_LOG_ROWS - 1) this.#blocks.push(this.#log.finish());
    return this.#log;
  }

  /** The writer of the message to a partition, which has room for a record of two rows. */
  messageWriter(partition: number): EntryWriter {
    const writer = this.#writerFor(partition);
    if (writer.count >= MAX_MESSAGE_ROWS - 1) this.#close(partition, writer);
    return writer;
  }

  /** Whether a partition's message has no room: the next row would begin another, which must be a record. */
  isFull(partition: number): boolean {
    return this.#writerFor(partition).count >= MAX_MESSAGE_ROWS - 1;
  }

  /** Adds a row behind the record that began the message. */
  append(partition: number, row: EventRow): void {
    this.#writerFor(partition).append(row);
  }

  /** Blocks of records for the log, within the length of an entry. */
  finishLog(): Uint8Array[] {
    if (this.#log.count > 0) this.#blocks.push(this.#log.finish());
    const blocks = this.#blocks;
    this.#blocks = [];
    return blocks;
  }

  finishMessages(): Message[] {
    for (const [partition, writer] of this.#writers) {
      if (writer.count > 0) this.#close(partition, writer);
    }
    return this.#closed;
  }

  #writerFor(partition: number): EntryWriter {
    let writer = this.#writers.get(partition);
    if (writer === undefined) {
      writer = new EntryWriter(this.#dictionaries);
      this.#writers.set(partition, writer);
    }
    return writer;
  }

  #close(partition: number, writer: EntryWriter): void {
    const rows = writer.count;
    this.#closed.push({ partition, rows, bytes: writer.finish() });
  }
}
