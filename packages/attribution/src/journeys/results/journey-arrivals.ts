import { EventRow, TYPE_CLICK, TYPE_IMPRESSION, TYPE_VISIT } from "@tributary/protocol";
import { LINK_CLICK_KEYS } from "../../arrivals/origin.ts";
import { SessionArrivals } from "../../arrivals/session-arrivals.ts";
import { textKey } from "../../arrivals/text-key.ts";
import type { JourneyTables } from "../chains/journey-tables.ts";
import { idText } from "../tables/id-order.ts";
import type { PathBuffer } from "./path-buffer.ts";

/** Takes the visits off a path that go on with an arrival: docs/models.md, "Arrivals". */
export class JourneyArrivals {
  readonly #tables: JourneyTables;
  readonly #sessions = new SessionArrivals();
  readonly #row = new EventRow();
  /** Of the path in hand: place of the touchpoint that stands for a link's click, by the click's number. */
  readonly #linkClicks = new Map<number, number>();

  constructor(tables: JourneyTables) {
    this.#tables = tables;
  }

  /** @param path in path order; impressions and clicks stay @param tenant its code */
  keepArrivals(path: PathBuffer, tenant: number): void {
    const gapMs = this.#tables.windows.sessionGapOf(tenant);
    if (gapMs === "every_visit" || path.length < 2 || !this.#hasVisit(path)) return;
    const { facts, vocabulary } = this.#tables;
    const { origins } = facts;
    const { directCode } = vocabulary.channels;
    const sessions = this.#sessions;
    sessions.begin(gapMs);
    let kept = 0;
    for (let i = 0; i < path.length; i += 1) {
      const fact = path.facts[i] as number;
      const type = facts.typeOf(fact);
      let arrival = i;
      if (type !== TYPE_IMPRESSION) {
        const origin = facts.originOf(fact);
        const hasOrigin = origin >= 0;
        arrival = sessions.take(
          i,
          -(path.ageMs[i] as number),
          type === TYPE_CLICK,
          facts.channelOf(fact) === directCode,
          hasOrigin && origins.isByReferrer(origin),
          hasOrigin ? origins.signatureOf(origin) : vocabulary.signatures.of(facts.tupleOf(fact)),
          hasOrigin ? origins.referrerHostOf(origin) : 0,
          hasOrigin ? this.#linkClickOf(origins.linkClickOf(origin)) : -1,
        );
      }
      if (arrival !== i) continue;
      path.move(i, kept);
      kept += 1;
    }
    path.length = kept;
  }

  /** Whether there is a visit; finds what stands for the clicks of links. */
  #hasVisit(path: PathBuffer): boolean {
    const { facts } = this.#tables;
    let hasVisit = false;
    this.#linkClicks.clear();
    for (let i = 0; i < path.length; i += 1) {
      const fact = path.facts[i] as number;
      if (facts.typeOf(fact) !== TYPE_VISIT) continue;
      hasVisit = true;
      const origin = facts.originOf(fact);
      const click = origin < 0 ? 0 : facts.origins.linkClickOf(origin);
      if (click !== 0 && !this.#linkClicks.has(click)) this.#linkClicks.set(click, i);
    }
    if (this.#linkClicks.size > 0) this.#findLinkClicks(path);
    return hasVisit;
  }

  /** Where the click itself is on the path, it stands for its landing pages. */
  #findLinkClicks(path: PathBuffer): void {
    const { facts } = this.#tables;
    for (let i = 0; i < path.length; i += 1) {
      const fact = path.facts[i] as number;
      if (facts.typeOf(fact) !== TYPE_CLICK) continue;
      facts.load(fact, this.#row);
      const click = textKey(idText(this.#row), LINK_CLICK_KEYS);
      if (this.#linkClicks.has(click)) this.#linkClicks.set(click, i);
    }
  }

  #linkClickOf(click: number): number {
    return click === 0 ? -1 : (this.#linkClicks.get(click) ?? -1);
  }
}
