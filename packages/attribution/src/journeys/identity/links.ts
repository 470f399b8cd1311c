import { IDENTITY_LINK } from "@tributary/protocol";
import type { Link, Persons } from "../chains/persons.ts";
import type { AffectedConversions } from "./affected-conversions.ts";
import type { Messages } from "./messages.ts";
import type { ReceivedRecord } from "./received-records.ts";

/** The users' side of a decision: their partition takes links from the anonymous IDs' partitions. */
export class Links {
  readonly #persons: Persons;
  readonly #affected: AffectedConversions;
  readonly #messages: Messages;

  constructor(persons: Persons, affected: AffectedConversions, messages: Messages) {
    this.#persons = persons;
    this.#affected = affected;
    this.#messages = messages;
  }

  /** Takes a link of a message, and logs it where it says something new. */
  take({ record, keptUntilMs, chain, user }: ReceivedRecord): void {
    const { generation } = record;
    const known = this.#persons.linkOf(chain);
    if (known !== undefined) {
      if (generation < known.generation) return;
      if (generation === known.generation && keptUntilMs <= known.keptUntilMs) return;
    }
    this.apply(chain, { user, generation, keptUntilMs });
    const log = { kind: IDENTITY_LINK, linked: user >= 0, generation };
    this.#messages.log({ chain }, user, log, keptUntilMs);
  }

  /** Sets a chain's link, and marks the conversions that it changes. */
  apply(chain: number, link: Link): void {
    const known = this.#persons.linkOf(chain);
    const before = known?.user ?? -1;
    this.#persons.link(chain, link);
    if (known?.generation === link.generation) return;
    if (before !== link.user) {
      this.#affected.markOthers(before, chain);
      this.#affected.markOthers(link.user, chain);
    }
    if (link.user >= 0) this.#affected.markOwn(chain);
  }
}
