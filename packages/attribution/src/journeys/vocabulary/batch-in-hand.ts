import { EntryColumns, EntrySplicer, FLAG_RARE, isCopy, isOrderRow } from "@tributary/protocol";

/**
 * The entry in hand and the fact block in the making, in a vocabulary's codes. The partitions of a thread share them: they
 * take turns, and each array is as large as a batch.
 */
export class BatchInHand {
  readonly columns = new EntryColumns();
  /** Combination of dimensions of each event of the entry. */
  tuples = new Int32Array(1024);
  readonly factBlock = new EntrySplicer();

  /** Makes room for a number of events' combinations. */
  reserve(events: number): void {
    if (events > this.tuples.length) this.tuples = new Int32Array(events * 2);
  }

  /** Whether an event is the copy of another partition's fact. */
  isCopy(event: number): boolean {
    const { columns } = this;
    if (((columns.flags[event] as number) & FLAG_RARE) === 0) return false;
    const end = columns.rareEnds[event] as number;
    return isCopy(columns.bytes, end - (columns.rareLengths[event] as number));
  }

  /** Whether a row of TYPE_IDENTITY is the record of an order. */
  isOrderRecord(row: number): boolean {
    const { columns } = this;
    const length = columns.rareLengths[row] as number;
    return isOrderRow(columns.bytes, (columns.rareEnds[row] as number) - length, length);
  }
}
