import type { PolledEntry } from "@tributary/streams";

/** Where the loader gets its blocks: WarehouseFeed of @tributary/streams. */
export interface LoaderFeed {
  /** Whether more is likely to wait than the last poll brought. */
  readonly isBehind: boolean;
  /** The next blocks, empty where there are none. */
  poll(): Promise<PolledEntry[]>;
  /** Says that entries are loaded for good. */
  acknowledge(entries: readonly PolledEntry[]): Promise<void>;
  /** Dead-letters an entry that cannot be loaded, and acknowledges it. */
  deadLetter(entry: PolledEntry, reason: string): Promise<void>;
  /** Makes {@link poll} give out again what was not acknowledged. */
  rewind(): void;
}
