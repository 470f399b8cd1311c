import { readConfig } from "@tributary/gateway";
import { BatchScanner, createRowDictionaries, packEvents } from "@tributary/protocol";
import type { TributaryEvent } from "@tributary/protocol";
import type { BatchOutcome } from "../client/gateway-client.ts";
import type { BatchSender } from "./send-all.ts";

/** Checks events as the gateway does, by the same code and bounds, and sends nothing. */
export class DryRun implements BatchSender {
  readonly #limits;

  /** @param environment holds the gateway's bounds */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#limits = readConfig(environment);
  }

  async send(events: readonly TributaryEvent[]): Promise<BatchOutcome> {
    // New for each batch: dictionaries of a whole file would grow with it.
    const dictionaries = createRowDictionaries(0);
    const options = {
      ...this.#limits,
      maxEvents: events.length,
      now: Date.now(),
      tenant: dictionaries.tenants.internText("default"),
    };
    const scanner = new BatchScanner(dictionaries);
    const { accepted, refused } = scanner.scan(packEvents(events), options, () => undefined);
    return { accepted, refused };
  }
}
