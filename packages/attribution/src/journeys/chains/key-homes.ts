import { EventRow, partitionOfBytes, tenantSeed } from "@tributary/protocol";
import type { JourneyTables } from "./journey-tables.ts";
import { type Key, keyOfRow } from "./key.ts";

/** A partition's number, and how many there are. */
export interface Place {
  readonly partition: number;
  readonly partitions: number;
}

/** The home of a key is the partition that takes its events. */
export class KeyHomes {
  readonly #tables: JourneyTables;
  readonly #place: Place;
  readonly #row = new EventRow();
  /** Hash seeds by the code of the tenant. */
  readonly #seeds = new Map<number, number>();

  constructor(tables: JourneyTables, place: Place) {
    this.#tables = tables;
    this.#place = place;
  }

  /** Number of this partition. */
  get here(): number {
    return this.#place.partition;
  }

  /** The key of a chain, a copy. */
  keyOf(chain: number): Key {
    this.#tables.users.load(chain, this.#row);
    return keyOfRow(this.#row);
  }

  /** The home of a chain's key. */
  homeOf(chain: number): number {
    return this.homeOfKey(chain, this.keyOf(chain));
  }

  /** @param tenantOf a chain of the key's tenant */
  homeOfKey(tenantOf: number, { bytes }: Key): number {
    return this.homeOfBytes(this.#tables.users.tenantOf(tenantOf), bytes, 0, bytes.length);
  }

  /** The home of an ID, which is bytes[start … start + length) as rows have it. @param tenant code */
  homeOfBytes(tenant: number, bytes: Uint8Array, start: number, length: number): number {
    let seed = this.#seeds.get(tenant);
    if (seed === undefined) {
      seed = tenantSeed(this.#tables.vocabulary.dictionaries.tenants.text(tenant));
      this.#seeds.set(tenant, seed);
    }
    return partitionOfBytes(seed, bytes, start, start + length, this.#place.partitions);
  }
}
