import { EventRow, partitionOfBytes, tenantSeed } from "@tributary/protocol";
import type { JourneyTables } from "../chains/journey-tables.ts";
import { type Key, keyOfRow } from "../chains/key.ts";

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
    const { users, vocabulary } = this.#tables;
    const tenant = users.tenantOf(tenantOf);
    let seed = this.#seeds.get(tenant);
    if (seed === undefined) {
      seed = tenantSeed(vocabulary.dictionaries.tenants.text(tenant));
      this.#seeds.set(tenant, seed);
    }
    return partitionOfBytes(seed, bytes, 0, bytes.length, this.#place.partitions);
  }
}
