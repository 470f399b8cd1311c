import { randomUUID } from "node:crypto";
import { packErasure } from "@tributary/protocol";
import type { EntryAppender } from "@tributary/streams";
import type { Telemetry } from "@tributary/telemetry";
import {
  anonymousIdsOf,
  storeRequestedErasure,
  WarehouseError,
  type WarehouseEngine,
} from "@tributary/warehouse";
import { ReportsError } from "../errors.ts";

/** The person to be erased. */
export interface Person {
  readonly tenant: string;
  /** A userId or an anonymousId. */
  readonly id: string;
  readonly anonymous: boolean;
}

/** The answer to a request for an erasure, which names nobody. */
export interface AskedErasure {
  /** A random UUID. */
  readonly receipt: string;
  /** ms since 1970. */
  readonly askedAt: number;
  /** Kept dead letters of all tenants, which are not searched for events of the person. */
  readonly deadLetters: number;
}

export interface AskErasureParts {
  readonly engine: WarehouseEngine;
  readonly telemetry: Telemetry;
  readonly appender: EntryAppender;
  readonly partitions: number;
  readonly countDeadLetters: () => Promise<number>;
}

/**
 * Asks the workers to erase a person, with the anonymous IDs that the warehouse knows of them. A second request erases again, with
 * the events that came since.
 * @throws ReportsError `unavailable` where the request may or may not have been accepted
 */
export async function askErasure(parts: AskErasureParts, person: Person): Promise<AskedErasure> {
  const { engine, telemetry, appender, partitions } = parts;
  const { tenant, id, anonymous } = person;
  try {
    const deadLetters = await parts.countDeadLetters();
    const anonymousIds = anonymous ? [] : await anonymousIdsOf(engine, tenant, id);
    const receipt = randomUUID();
    const askedAt = Date.now();
    const message = packErasure(
      { ...person, receipt: Buffer.from(receipt.replaceAll("-", ""), "hex"), anonymousIds },
      partitions,
    );
    await appender.appendMessage(message.partition, message.rows, askedAt, message.bytes);
    // After the message: a receipt must stand for an erasure that is certainly under way.
    await storeRequestedErasure(engine, { tenant, receipt }, askedAt);
    return { receipt, askedAt, deadLetters };
  } catch (error) {
    // The errors of clients and engines may hold the command or the query, and so the person: only their kind is logged.
    const code = error instanceof WarehouseError ? error.code : kindOf(error);
    telemetry.logger.error({ code }, "asking for an erasure failed");
    throw new ReportsError(
      "unavailable",
      "Redis or the warehouse does not answer: ask for the erasure again, which does no harm where it was taken",
    );
  }
}

function kindOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
