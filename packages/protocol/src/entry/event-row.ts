import { DIMENSION_COUNT } from "../event.ts";
import { Dictionary } from "./dictionary.ts";

const NO_BYTES = new Uint8Array(0);

/** One event between scanner, writer, reader and journeys: one object, filled anew for each, so nothing is allocated. */
export class EventRow {
  /** FLAG_* without FLAG_SAME_USER, which is the writer's own. */
  flags = 0;
  /** Event time, ms since 1970. */
  time = 0;
  /** Code of the tenant in the owner's tenant dictionary. */
  tenant = 0;
  id: Uint8Array = NO_BYTES;
  idStart = 0;
  idLength = 0;
  user: Uint8Array = NO_BYTES;
  userStart = 0;
  userLength = 0;
  /** Codes in the owner's dictionaries, one a dimension. */
  readonly dimensions = new Int32Array(DIMENSION_COUNT);
  rare: Uint8Array = NO_BYTES;
  rareStart = 0;
  rareLength = 0;
}

/** The dictionaries that an owner of rows interns into: one a dimension, and one for tenants. */
export interface RowDictionaries {
  readonly dimensions: readonly Dictionary[];
  readonly tenants: Dictionary;
}

/** New, empty dictionaries. @param seed see {@link Dictionary} */
export function createRowDictionaries(seed: number): RowDictionaries {
  const dimensions: Dictionary[] = [];
  for (let i = 0; i < DIMENSION_COUNT; i += 1) dimensions.push(new Dictionary(seed + i));
  return { dimensions, tenants: new Dictionary(seed + DIMENSION_COUNT) };
}
