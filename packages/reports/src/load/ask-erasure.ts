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

/** Who is to be forgotten. */
export interface Person {
  readonly tenant: string;
  /** A userId or an anonymousId. */
  readonly id: string;
  readonly anonymous: boolean;
}

/** What whoever asked gets: it names nobody. */
export interface AskedErasure {
  /** A random UUID. */
  readonly receipt: string;
  /** ms since 1970. */
  readonly askedAt: number;
  /** Dead letters that are kept, of whatever tenant: nobody looks into them for events of the person. */
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
 * Asks the workers to forget a person, with the anonymous IDs that the warehouse knows as theirs. Asked again it is done again, and
 * finds what came since.
 * @throws ReportsError `unavailable` where it may or may not have been taken
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
    // Behind the message: a receipt stands for something that is on its way for sure.
    await storeRequestedErasure(engine, { tenant, receipt }, askedAt);
    return { receipt, askedAt, deadLetters };
  } catch (error) {
    // Clients' errors carry the command, and engines' what they searched: only their kind is said.
    const code = error instanceof WarehouseError ? error.code : kindOf(error);
    telemetry.logger.error({ code }, "an erasure could not be asked for");
    throw new ReportsError(
      "unavailable",
      "Redis or the warehouse does not answer: ask for the erasure again, which does no harm where it was taken",
    );
  }
}

function kindOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
