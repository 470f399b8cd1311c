import { REASON_FIRST, REASON_LATE_TOUCHPOINT } from "@tributary/protocol";
import type { Delivery } from "../../src/delivery/delivery.ts";
import { deliveriesOf } from "../../src/intake/result-deliveries.ts";
import { resultBlock, T0 } from "./blocks.ts";

/** The delivery of one result, attributed `revision` seconds after T0. */
export function delivery(id: string, revision: number, generation = 0): Delivery {
  const reason = revision === 0 ? REASON_FIRST : REASON_LATE_TOUCHPOINT;
  const block = resultBlock([{ id, revision, reason, generation }]);
  const entry = `${T0 + revision * 1000}-0`;
  const [made] = deliveriesOf(block, entry, new Set(["default"]), 1);
  if (made === undefined) throw new Error("no delivery");
  return made;
}
