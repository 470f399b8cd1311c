import {
  createRowDictionaries,
  DIMENSION_FIELDS,
  EntryReader,
  EventRow,
  eventsKey,
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_USER_UUID,
  formatUuid,
  readRareFields,
} from "@tributary/protocol";
import type { TestGateway } from "./gateway.ts";

/** An event in Redis; texts that it does not have are "". */
export interface StoredEvent {
  readonly id: string;
  readonly time: number;
  readonly userId: string;
  readonly anonymousId: string;
  /** By the dimension's name. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly referrer: string;
}

/** Every event that a gateway has put into Redis, partition by partition. */
export async function storedEvents({ client, config }: TestGateway): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  const row = new EventRow();
  for (let partition = 0; partition < config.partitions; partition += 1) {
    const entries = await client.xrangeBuffer(eventsKey(partition), "-", "+");
    for (const [, fields] of entries as unknown as [Buffer, Buffer[]][]) {
      const dictionaries = createRowDictionaries(0);
      const reader = new EntryReader(fields.at(-1) ?? Buffer.alloc(0), dictionaries);
      while (reader.next(row)) events.push(eventOf(row, dictionaries));
    }
  }
  return events;
}

function eventOf(
  row: EventRow,
  dictionaries: ReturnType<typeof createRowDictionaries>,
): StoredEvent {
  const user = textOf(row.user, row.userStart, row.userLength, (row.flags & FLAG_USER_UUID) !== 0);
  const isAnonymous = (row.flags & FLAG_ANONYMOUS) !== 0;
  return {
    id: textOf(row.id, row.idStart, row.idLength, (row.flags & FLAG_ID_UUID) !== 0),
    time: row.time,
    userId: isAnonymous ? "" : user,
    anonymousId: isAnonymous ? user : "",
    dimensions: Object.fromEntries(
      DIMENSION_FIELDS.map((field, i) => [
        field,
        dictionaries.dimensions[i]?.text(row.dimensions[i] ?? 0) ?? "",
      ]),
    ),
    referrer: readRareFields(row).referrer,
  };
}

function textOf(bytes: Uint8Array, start: number, length: number, uuid: boolean): string {
  return uuid
    ? formatUuid(bytes, start)
    : Buffer.from(bytes.subarray(start, start + length)).toString();
}
