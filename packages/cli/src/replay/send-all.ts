import type { BatchOutcome } from "../client/gateway-client.ts";
import type { TributaryEvent } from "@tributary/protocol";
import type { Batch } from "./batches.ts";
import type { Rejected } from "./sources/source-item.ts";

/** Takes a batch, like GatewayClient. */
export interface BatchSender {
  send(events: readonly TributaryEvent[]): Promise<BatchOutcome>;
}

/** The events so far, by outcome. */
export interface SendCounts {
  /** Events handed to the gateway and answered. */
  sent: number;
  accepted: number;
  /** Refused by the gateway. */
  refused: number;
  /** End of the answered batches in the file, bytes. */
  bytesSent: number;
}

/**
 * Sends batches, several at a time, until all are answered. Where one fails, throws the failure after the others have
 * finished.
 */
export async function sendAll(
  batches: AsyncGenerator<Batch>,
  sender: BatchSender,
  options: {
    readonly concurrency: number;
    readonly counts: SendCounts;
    readonly refused: (items: readonly Rejected[]) => void;
    readonly progress: () => void;
  },
): Promise<void> {
  const { counts } = options;
  let failed = false;
  const lane = async (): Promise<void> => {
    for (;;) {
      // An async generator answers one caller after the other.
      const next = await batches.next();
      if (next.done === true || failed) return;
      const { events, bytesRead } = next.value;
      const outcome = await sender.send(events.map(({ event }) => event));
      counts.sent += events.length;
      counts.accepted += outcome.accepted;
      counts.refused += outcome.refused.length;
      counts.bytesSent = Math.max(counts.bytesSent, bytesRead);
      options.refused(
        outcome.refused.map(({ index, field, reason }) => ({
          line: events[index]?.line ?? 0,
          field,
          reason,
        })),
      );
      options.progress();
    }
  };
  const guarded = async (): Promise<void> => {
    try {
      await lane();
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: options.concurrency }, guarded));
  await batches.return(undefined);
  for (const result of lanes) if (result.status === "rejected") throw result.reason;
}
