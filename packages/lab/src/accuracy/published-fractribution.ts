import { fractribution, PATH_TRANSFORMS, transformPaths } from "@tributary/attribution";
import { byChannel } from "./by-channel.ts";
import { CheckList, type Check } from "./checks.ts";
import type { ReferenceData } from "./reference-data.ts";

const TOLERANCE = 1e-6;
/** The source's name for conversions without a touchpoint. */
const UNMATCHED = "unmatched_channel";

/** The four path transforms of google/fractribution against its published totals. */
export function checkFractribution(data: ReferenceData["fractribution"]): readonly Check[] {
  const list = new CheckList("fractribution", TOLERANCE);
  for (const transform of PATH_TRANSFORMS) {
    const table = transformPaths(data.table, transform);
    const credits = fractribution(table).credit(table);
    const got = new Map([[UNMATCHED, credits.unattributedConversions]]);
    // The source writes its channels in lower case.
    for (const [name, credit] of byChannel(table, credits.conversions)) {
      got.set(name.toLowerCase(), credit);
    }
    list.addEach(transform, data.expected[transform], got);
  }
  return list.checks;
}
