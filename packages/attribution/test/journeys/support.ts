import {
  BatchScanner,
  createRowDictionaries,
  EntryColumns,
  EntryWriter,
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_USER_UUID,
  formatUuid,
  packEvents,
  readResultBlock,
  REVISION_REASONS,
} from "@tributary/protocol";
import {
  type BatchOutcome,
  DEFAULT_JOURNEY_OPTIONS,
  type JourneyOptions,
  PartitionState,
  type Vocabulary,
} from "../../src/index.ts";
import type { PlainEvent } from "../../../../test/support/oracle.ts";

export const NOW = 1_790_000_000_000;

/** Events as an entry, as the gateway builds it. */
export function entryOf(events: readonly PlainEvent[], tenant = "default"): Uint8Array {
  const dictionaries = createRowDictionaries(5);
  const code = dictionaries.tenants.internText(tenant);
  const writer = new EntryWriter(dictionaries);
  const { refused } = new BatchScanner(dictionaries).scan(
    packEvents(events),
    {
      now: NOW,
      tenant: code,
      maxEvents: 100_000,
      maxEventBytes: 32_768,
      maxFutureMs: 86_400_000,
      clockToleranceMs: 2000,
      maxTransitMs: 3_300_000,
    },
    (row) => writer.append(row),
  );
  if (refused.length > 0) throw new Error(`a test's event is bad: ${JSON.stringify(refused[0])}`);
  return writer.finish();
}

/** Of tenants with the codes 1 to 3. */
const rowDictionaries = createRowDictionaries(5);
for (const tenant of ["a", "b", "c"]) rowDictionaries.tenants.internText(tenant);
const rowWriter = new EntryWriter(rowDictionaries);
const rowColumns = new EntryColumns();

/** A row as the columns of an entry that holds nothing else, until the next call. */
export function columnsOf(row: EventRow): EntryColumns {
  rowWriter.append(row);
  rowColumns.read(rowWriter.finish(), rowDictionaries);
  return rowColumns;
}

export function newState(
  options: Partial<JourneyOptions> = {},
  vocabulary?: Vocabulary,
  place?: { partition: number; partitions: number },
): PartitionState {
  return new PartitionState({ ...DEFAULT_JOURNEY_OPTIONS, ...options }, 12_345, vocabulary, place);
}

/** A decoded result. */
export interface Decoded {
  /** The owner's user key, a slash and the event ID. */
  readonly key: string;
  /** `u:` or `a:`, the user key that the conversion was sent under, a slash and the event ID. */
  readonly sentAs: string;
  readonly tenant: string;
  readonly anonymous: boolean;
  readonly revision: number;
  readonly generation: number;
  readonly reason: string;
  readonly value: string;
  readonly path: string[];
  readonly channels: string[];
  readonly weights: Record<string, number[]>;
}

/** The results of a batch, decoded. */
export function decodeResults(outcome: BatchOutcome): Decoded[] {
  return outcome.results.flatMap(({ bytes }) => {
    const dictionaries = createRowDictionaries(6);
    const block = readResultBlock(bytes, dictionaries);
    const row = new EventRow();
    let at = 0;
    return block.revisions.map((revision, i): Decoded => {
      block.conversions.next(row);
      const key = `${userOf(row)}/${idOf(row)}`;
      const tenant = dictionaries.tenants.text(row.tenant);
      const anonymous = (row.flags & FLAG_ANONYMOUS) !== 0;
      const sender = block.anonymousIds[i] ?? "";
      const sentAs = sender === "" ? `${anonymous ? "a" : "u"}:${key}` : `a:${sender}/${idOf(row)}`;
      const touches = block.touchCounts[i] ?? 0;
      const path: string[] = [];
      const channels: string[] = [];
      for (let t = 0; t < touches; t += 1) {
        block.touches.next(row);
        path.push(idOf(row));
        channels.push(dictionaries.dimensions[5]?.text(row.dimensions[5] ?? 0) ?? "");
      }
      const weights: Record<string, number[]> = {};
      for (const model of block.models) {
        weights[model] = [...block.weights.subarray(at, at + touches)];
        at += touches;
      }
      const reason = REVISION_REASONS[block.reasons[i] ?? 0] ?? "";
      return {
        key,
        sentAs,
        tenant,
        anonymous,
        revision,
        generation: block.generations[i] ?? 0,
        reason,
        value: block.values[i] ?? "",
        path,
        channels,
        weights,
      };
    });
  });
}

/** A row's user key as text. */
export function userOf(row: EventRow): string {
  return (row.flags & FLAG_USER_UUID) !== 0
    ? formatUuid(row.user, row.userStart)
    : text(row.user, row.userStart, row.userLength);
}

/** A row's event ID as text. */
export function idOf(row: EventRow): string {
  return (row.flags & FLAG_ID_UUID) !== 0
    ? formatUuid(row.id, row.idStart)
    : text(row.id, row.idStart, row.idLength);
}

function text(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.subarray(start, start + length)).toString("utf8");
}
