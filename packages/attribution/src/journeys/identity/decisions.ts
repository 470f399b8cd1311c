import {
  addOrigin,
  EventRow,
  IDENTITY_DECISION,
  IDENTITY_LINK,
  isTouchpointType,
  markCopy,
  REASON_MERGE,
  TYPE_CONVERSION,
  TYPE_REFUND,
} from "@tributary/protocol";
import type { JourneyTables } from "../chains/journey-tables.ts";
import type { Marks } from "../chains/marks.ts";
import { type Decision, type Persons, userOf } from "../chains/persons.ts";
import { factsOf, newestTimeOf } from "../chains/walk.ts";
import type { LinkCounts } from "./counts.ts";
import type { Erasures } from "./erasures.ts";
import { compareKeys } from "../chains/key.ts";
import type { KeyHomes } from "../chains/key-homes.ts";
import type { Messages } from "./messages.ts";
import type { ReceivedRecord } from "./received-records.ts";

/** The anonymous IDs' side of a decision: their partition decides which user each belongs to, and forwards its facts. */
export class Decisions {
  readonly #tables: JourneyTables;
  readonly #persons: Persons;
  readonly #marks: Marks;
  readonly #homes: KeyHomes;
  readonly #messages: Messages;
  readonly #erasures: Erasures;
  /** Event time after which a decision that is still in use is logged and sent again, ms. */
  readonly #refreshMs: number;
  readonly #row = new EventRow();

  constructor(
    tables: JourneyTables,
    persons: Persons,
    marks: Marks,
    homes: KeyHomes,
    messages: Messages,
    erasures: Erasures,
    refreshMs: number,
  ) {
    this.#tables = tables;
    this.#persons = persons;
    this.#marks = marks;
    this.#homes = homes;
    this.#messages = messages;
    this.#erasures = erasures;
    this.#refreshMs = refreshMs;
  }

  /**
   * Takes a user's claim to an anonymous ID. The user who was first seen with it keeps it.
   * @param arrivedMs time of the batch's last entry, ms since 1970
   * @returns whether the anonymous ID belongs to another user than before
   */
  claim(
    { record, keptUntilMs, chain, user }: ReceivedRecord,
    arrivedMs: number,
    counts: LinkCounts,
  ): boolean {
    if (user < 0) return false;
    const { time, version, linked } = record;
    const known = this.#persons.decisionOf(chain);
    const generation = known?.generation ?? 0;
    let next: Decision = { user, time, version, linked, generation, keptUntilMs };
    if (known !== undefined) {
      const until = Math.max(keptUntilMs, known.keptUntilMs);
      if (known.user === user) {
        if (version <= known.version) return false;
        next = { ...next, time: Math.min(time, known.time), keptUntilMs: until };
      } else {
        counts.otherUser += 1;
        if (this.#compareClaims(next, known) > 0) return false;
        next = { ...next, keptUntilMs: until };
      }
    }
    if (userOf(known) === userOf(next)) {
      this.#decideAndLog(chain, next);
      if (userOf(next) >= 0) this.#sendLink(this.#homes.homeOf(userOf(next)), chain, next);
      return false;
    }
    next = {
      ...next,
      generation: this.#persons.nextGeneration(arrivedMs),
      keptUntilMs: Math.max(next.keptUntilMs, newestTimeOf(this.#tables, chain)),
    };
    this.#decideAndLog(chain, next);
    this.#moveChain(chain, userOf(known), next, counts);
    return true;
  }

  /** Sets a decision, and marks the conversions that the anonymous ID takes back. */
  decide(chain: number, decision: Decision): void {
    const before = this.#persons.decisionOf(chain);
    this.#persons.decide(chain, decision);
    const user = userOf(before);
    if (user === userOf(decision)) return;
    if (user >= 0) this.#erasures.noteFormerHome(chain, this.#homes.homeOf(user));
    const { facts, purchases } = this.#tables;
    for (const fact of factsOf(this.#tables, chain)) {
      if (facts.typeOf(fact) !== TYPE_CONVERSION) continue;
      const purchase = facts.referenceOf(fact);
      // The partition of a former user may have given the first revision, which this one does not see.
      if (before !== undefined && before.generation > 0 && purchases.revisions[purchase] === 0) {
        purchases.revisions[purchase] = 1;
      }
      if (userOf(decision) < 0) this.#marks.mark(purchase, REASON_MERGE);
    }
  }

  /** Forwards new facts of an anonymous ID to its user's partition, as the earlier ones were. */
  forwardNews(chain: number, news: readonly number[], counts: LinkCounts): void {
    let decision = this.#persons.decisionOf(chain);
    if (decision === undefined || !decision.linked) return;
    const newestMs = newestTimeOf(this.#tables, chain);
    const refreshed = newestMs > decision.keptUntilMs;
    if (refreshed) {
      decision = { ...decision, keptUntilMs: newestMs + this.#refreshMs };
      this.#decideAndLog(chain, decision);
    }
    const to = this.#homes.homeOf(decision.user);
    if (to !== this.#homes.here) this.#forward(to, chain, decision, news, counts);
    else if (refreshed) this.#sendLink(to, chain, decision);
  }

  #compareClaims(claim: Decision, known: Decision): number {
    const order = claim.time - known.time;
    if (order !== 0) return order;
    return compareKeys(this.#homes.keyOf(claim.user), this.#homes.keyOf(known.user));
  }

  /** Withdraws the former user's link, and gives the new user's partition the link and the chain's facts. */
  #moveChain(chain: number, formerUser: number, decision: Decision, counts: LinkCounts): void {
    const user = userOf(decision);
    if (formerUser >= 0) counts.withdrawn += 1;
    if (user >= 0) counts.made += 1;
    const from = formerUser < 0 ? -1 : this.#homes.homeOf(formerUser);
    const to = user < 0 ? -1 : this.#homes.homeOf(user);
    if (from >= 0 && from !== to) this.#sendLink(from, chain, { ...decision, linked: false });
    if (to < 0) return;
    this.#erasures.sendErased(to, chain);
    this.#forward(to, chain, decision, factsOf(this.#tables, chain), counts);
  }

  #decideAndLog(chain: number, decision: Decision): void {
    this.decide(chain, decision);
    const { user, keptUntilMs, ...record } = decision;
    this.#messages.log({ chain }, user, { ...record, kind: IDENTITY_DECISION }, keptUntilMs);
  }

  /** Sends a link, and behind it copies of facts. */
  #forward(
    to: number,
    chain: number,
    decision: Decision,
    news: Iterable<number>,
    counts: LinkCounts,
  ): void {
    this.#sendLink(to, chain, decision);
    if (to === this.#homes.here) return;
    const { facts, users, purchases, vocabulary } = this.#tables;
    const row = this.#row;
    for (const fact of news) {
      const type = facts.typeOf(fact);
      const isPurchase = type === TYPE_CONVERSION || type === TYPE_REFUND;
      if (!isPurchase && !isTouchpointType(type)) continue;
      facts.load(fact, row);
      users.load(chain, row);
      let revision = 0;
      let isDuplicateOrder = false;
      let origin = -1;
      if (isPurchase) {
        const purchase = facts.referenceOf(fact);
        vocabulary.tuples.load(purchases.tuples[purchase] as number, row.dimensions);
        purchases.load(purchase, row);
        revision = purchases.revisions[purchase] as number;
        isDuplicateOrder = purchases.lost[purchase] === 1;
      } else {
        facts.loadDimensions(fact, row);
        origin = facts.originOf(fact);
      }
      markCopy(row, revision, isDuplicateOrder);
      if (origin >= 0) addOrigin(row, facts.origins.keysOf(origin));
      if (this.#messages.isFull(to)) this.#sendLink(to, chain, decision);
      this.#messages.copy(to, row);
      counts.forwarded += 1;
    }
  }

  #sendLink(to: number, chain: number, decision: Decision): void {
    const { generation, linked, keptUntilMs } = decision;
    const record = { kind: IDENTITY_LINK, linked, generation };
    this.#messages.send(to, { chain }, userOf(decision), record, keptUntilMs);
  }
}
