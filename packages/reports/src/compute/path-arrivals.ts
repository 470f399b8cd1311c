import { DIRECT, SessionArrivals, type SessionGap, TOUCH_TYPES } from "@tributary/attribution";
import type { TouchColumns } from "./fact-columns.ts";

const IMPRESSION = TOUCH_TYPES.indexOf("impression");
const CLICK = TOUCH_TYPES.indexOf("click");
const VISIT = TOUCH_TYPES.indexOf("visit");

/** Takes the visits off a path that go on with an arrival: docs/models.md, "Arrivals". */
export class PathArrivals {
  readonly #touches: TouchColumns;
  readonly #gapMs: SessionGap;
  readonly #channelCodes: Int32Array;
  readonly #directCode: number;
  readonly #sessions = new SessionArrivals();
  /** Of the path in hand: place of the touchpoint that stands for a link's click, by the click's number. */
  readonly #linkClicks = new Map<number, number>();

  /** @param touches with their channels */
  constructor(touches: TouchColumns, gapMs: SessionGap) {
    const channel = touches.dimensions.get("channel");
    if (channel === undefined) throw new RangeError("the facts were read without channel");
    this.#touches = touches;
    this.#gapMs = gapMs;
    this.#channelCodes = channel.codes;
    this.#directCode = channel.names.indexOf(DIRECT);
  }

  /** @param rows numbers of touchpoints, in path order; those that go on are taken out */
  keepArrivals(rows: number[]): void {
    const gapMs = this.#gapMs;
    if (gapMs === "every_visit" || rows.length < 2 || !this.#hasVisit(rows)) return;
    const { times, types, origins } = this.#touches;
    this.#sessions.begin(gapMs);
    let kept = 0;
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i] as number;
      const type = types[row] as number;
      let arrival = i;
      if (type !== IMPRESSION) {
        arrival = this.#sessions.take(
          i,
          times[row] as number,
          type === CLICK,
          this.#channelCodes[row] === this.#directCode,
          origins.byReferrer[row] === 1,
          origins.signatures[row] as number,
          origins.referrers[row] as number,
          type === VISIT ? (this.#linkClicks.get(origins.linkClicks[row] as number) ?? -1) : -1,
        );
      }
      if (arrival !== i) continue;
      rows[kept] = row;
      kept += 1;
    }
    rows.length = kept;
  }

  /** Whether there is a visit; finds what stands for the clicks of links: the click itself, else the first landing page. */
  #hasVisit(rows: readonly number[]): boolean {
    const { types, origins } = this.#touches;
    const known = this.#linkClicks;
    let hasVisit = false;
    if (known.size > 0) known.clear();
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i] as number;
      if (types[row] !== VISIT) continue;
      hasVisit = true;
      const click = origins.linkClicks[row] as number;
      if (click !== 0 && !known.has(click)) known.set(click, i);
    }
    if (known.size === 0) return hasVisit;
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i] as number;
      const click = origins.linkClicks[row] as number;
      if (types[row] === CLICK && known.has(click)) known.set(click, i);
    }
    return hasVisit;
  }
}
