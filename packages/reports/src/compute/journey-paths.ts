import {
  TOUCH_TYPES,
  type JourneyPath,
  type PathTransform,
  type TouchType,
} from "@tributary/attribution";
import type { DimensionField } from "@tributary/protocol";
import type { FactColumns } from "./fact-columns.ts";
import { PathArrivals } from "./path-arrivals.ts";
import type { JourneyRules, Windows } from "../question/journey-rules.ts";

const NO_CODES = new Int32Array(0);
const IMPRESSION = TOUCH_TYPES.indexOf("impression");
const CLICK = TOUCH_TYPES.indexOf("click");

/** What makes the paths of a question. */
export interface PathsQuestion {
  readonly rules: JourneyRules;
  /** Dimensions that distinguish touchpoints, for the transform and the rows. */
  readonly touchDimensions: readonly DimensionField[];
  readonly transform: PathTransform;
  /** Whether models read the touchpoints' channels and types. */
  readonly needsNames: boolean;
}

/**
 * Finds one conversion's path after another, in arrays that are used again: touchpoints within their window and no later than
 * the conversion, by time, then event ID.
 */
export class JourneyPaths implements JourneyPath {
  length = 0;
  ageMs = new Float64Array(64);
  isDirect = new Uint8Array(64);
  leadIndex = -1;
  channels: string[] = [];
  types: TouchType[] = [];
  /** The number that distinguishes each touchpoint, below {@link touchKeys}. */
  keys = new Int32Array(64);
  readonly touchKeys: number;
  readonly #facts: FactColumns;
  readonly #question: PathsQuestion;
  readonly #firstCodes: Int32Array | undefined;
  readonly #secondCodes: Int32Array | undefined;
  readonly #secondCount: number;
  readonly #channelCodes: Int32Array;
  readonly #channelNames: readonly string[];
  readonly #directCodes: Uint8Array;
  /** 1 for touchpoints that do not count, whatever the conversion. */
  readonly #gone: Uint8Array;
  readonly #arrivals: PathArrivals;
  readonly #own: readonly Int32Array[];
  /** 1 for purchases that are the last touchpoint of their own path. */
  readonly #isTouch: Uint8Array | undefined;
  readonly #rows: number[] = [];
  readonly #windows: readonly Windows[];
  readonly #maxWindows: Float64Array;
  /** Touchpoints that the question leaves out. */
  readonly leftOut: number;

  constructor(facts: FactColumns, question: PathsQuestion) {
    this.#facts = facts;
    this.#question = question;
    const { rules, touchDimensions } = question;
    const [first, second] = touchDimensions.map((field) => column(facts, field));
    this.#firstCodes = first?.codes;
    this.#secondCodes = second?.codes;
    this.#secondCount = second?.names.length ?? 1;
    this.touchKeys = (first?.names.length ?? 1) * this.#secondCount;
    const channel = column(facts, "channel");
    this.#channelCodes = channel.codes;
    this.#channelNames = channel.names;
    this.#arrivals = new PathArrivals(facts.touches, rules.sessionGapMs);
    this.#directCodes = Uint8Array.from(channel.names, (name) =>
      rules.directChannels.includes(name) ? 1 : 0,
    );
    const { gone, leftOut } = goneTouches(facts, rules);
    const own = goneOwnTouches(facts, rules);
    this.#gone = gone;
    this.#isTouch = own.isTouch;
    this.leftOut = leftOut + own.leftOut;
    this.#own = [...touchDimensions, "channel" as const].map(
      (field) => facts.purchases.own?.codes.get(field) ?? NO_CODES,
    );
    this.#windows = facts.purchases.names.names.map((name) => rules.windows.get(name) ?? rules);
    this.#maxWindows = Float64Array.from(this.#windows, (of) =>
      Math.max(of.clickWindowMs, of.viewWindowMs),
    );
  }

  /** Texts of the dimensions of a key. */
  textsOf(key: number): string[] {
    const codes = [Math.floor(key / this.#secondCount), key % this.#secondCount];
    return this.#question.touchDimensions.map(
      (field, i) => column(this.#facts, field).names[codes[i] ?? 0] ?? "",
    );
  }

  /**
   * Finds a conversion's path.
   * @param leadTime of the user's first lead, ms since 1970; Infinity where there is none
   * @param after ms since 1970; an earlier conversion used up the touchpoints up to then
   */
  find(user: number, purchase: number, leadTime: number, after = -Infinity): void {
    const { touchStarts, touches, purchaseTimes, purchases } = this.#facts;
    const { times: touchTimes, types: touchTypes } = touches;
    const time = purchaseTimes[purchase] as number;
    const nameCode = purchases.names.codes[purchase] as number;
    const { clickWindowMs, viewWindowMs } = this.#windows[nameCode] ?? this.#question.rules;
    const maxWindow = this.#maxWindows[nameCode] as number;
    const rows = this.#rows;
    rows.length = 0;
    let i = touchStarts[user] as number;
    const end = touchStarts[user + 1] as number;
    while (i < end && time - (touchTimes[i] as number) > maxWindow) i += 1;
    for (; i < end; i += 1) {
      const age = time - (touchTimes[i] as number);
      if (age < 0) break;
      const isView = (touchTypes[i] as number) === IMPRESSION;
      if (age <= (isView ? viewWindowMs : clickWindowMs)) rows.push(i);
    }
    // Before others are left out: what goes on with one of those is no touchpoint either.
    this.#arrivals.keepArrivals(rows);
    this.#keepCounted(after);
    this.#fill(time, leadTime);
    if (this.#isTouch?.[purchase] === 1) this.#addOwn(purchase, leadTime === time);
  }

  /** Leaves out touchpoints that do not count, those used up until `after`, and impressions beside a click. */
  #keepCounted(after: number): void {
    const rows = this.#rows;
    const { times, types } = this.#facts.touches;
    let clicked = false;
    let kept = 0;
    for (const row of rows) {
      if (this.#gone[row] === 1 || (times[row] as number) <= after) continue;
      if (types[row] === CLICK) clicked = true;
      rows[kept] = row;
      kept += 1;
    }
    rows.length = kept;
    if (clicked && this.#question.rules.clickBeatsImpression) this.#dropImpressions();
  }

  /** Simplifies the path found: keeps the first touchpoint of each run, or of each key, as the transform has it. */
  simplify(): void {
    if (this.#question.transform !== "unique") this.#keepFirst();
  }

  #dropImpressions(): void {
    const rows = this.#rows;
    let kept = 0;
    for (const row of rows) {
      if (this.#facts.touches.types[row] === IMPRESSION) continue;
      rows[kept] = row;
      kept += 1;
    }
    rows.length = kept;
  }

  #fill(time: number, leadTime: number): void {
    const rows = this.#rows;
    const { times: touchTimes, types: touchTypes } = this.#facts.touches;
    const first = this.#firstCodes;
    const second = this.#secondCodes;
    if (rows.length > this.ageMs.length) this.#grow(rows.length);
    this.length = rows.length;
    this.leadIndex = -1;
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i] as number;
      const touchTime = touchTimes[row] as number;
      this.ageMs[i] = time - touchTime;
      this.isDirect[i] = this.#directCodes[this.#channelCodes[row] as number] as number;
      const key = first === undefined ? 0 : (first[row] as number);
      this.keys[i] = second === undefined ? key : key * this.#secondCount + (second[row] as number);
      if (leadTime <= time && touchTime <= leadTime) this.leadIndex = i;
      if (!this.#question.needsNames) continue;
      this.channels[i] = this.#channelNames[this.#channelCodes[row] as number] as string;
      this.types[i] = TOUCH_TYPES[touchTypes[row] as number] as TouchType;
    }
  }

  /** Adds the conversion itself, a visit of its own time. @param isLead whether it makes the user a lead */
  #addOwn(purchase: number, isLead: boolean): void {
    const at = this.length;
    if (at >= this.ageMs.length) this.#grow(at + 1);
    const names = this.#question.touchDimensions.length;
    const [first, second] = this.#own.slice(0, names);
    const channel = (this.#own[names] as Int32Array)[purchase] as number;
    this.ageMs[at] = 0;
    this.isDirect[at] = this.#directCodes[channel] as number;
    const key = first === undefined ? 0 : (first[purchase] as number);
    this.keys[at] =
      second === undefined ? key : key * this.#secondCount + (second[purchase] as number);
    if (isLead) this.leadIndex = at;
    this.channels[at] = this.#channelNames[channel] as string;
    this.types[at] = "visit";
    this.length = at + 1;
  }

  #keepFirst(): void {
    const { keys } = this;
    const isExposure = this.#question.transform === "exposure";
    const seen = new Set<number>();
    let kept = 0;
    let leadIndex = -1;
    let before = -1;
    for (let i = 0; i < this.length; i += 1) {
      const key = keys[i] as number;
      const isRepeat = isExposure ? key === before : seen.has(key);
      before = key;
      if (!isRepeat) {
        seen.add(key);
        this.#move(i, kept);
        kept += 1;
      }
      // A lead of a repeated touchpoint belongs to the one that is kept.
      if (i === this.leadIndex) leadIndex = isRepeat && !isExposure ? keys.indexOf(key) : kept - 1;
    }
    this.leadIndex = leadIndex;
    this.length = kept;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    this.keys[to] = this.keys[from] as number;
    this.ageMs[to] = this.ageMs[from] as number;
    this.isDirect[to] = this.isDirect[from] as number;
    if (!this.#question.needsNames) return;
    this.channels[to] = this.channels[from] as string;
    this.types[to] = this.types[from] as TouchType;
  }

  #grow(length: number): void {
    const size = 2 ** Math.ceil(Math.log2(length));
    const { ageMs, isDirect, keys } = this;
    this.ageMs = new Float64Array(size);
    this.ageMs.set(ageMs);
    this.isDirect = new Uint8Array(size);
    this.isDirect.set(isDirect);
    this.keys = new Int32Array(size);
    this.keys.set(keys);
  }
}

function column(facts: FactColumns, field: DimensionField) {
  const found = facts.touches.dimensions.get(field);
  if (found === undefined) throw new RangeError(`the facts were read without ${field}`);
  return found;
}

/** Which conversions are touchpoints themselves, and how many the rules leave out. */
function goneOwnTouches(
  facts: FactColumns,
  { leaveOut }: JourneyRules,
): { isTouch: Uint8Array | undefined; leftOut: number } {
  const { own } = facts.purchases;
  if (own === undefined) return { isTouch: undefined, leftOut: 0 };
  const isTouch = own.has.slice();
  let leftOut = 0;
  for (const { dimension, value } of leaveOut) {
    const code = column(facts, dimension).names.indexOf(value);
    const codes = own.codes.get(dimension);
    for (let i = 0; i < isTouch.length; i += 1) {
      if (isTouch[i] === 0 || codes?.[i] !== code) continue;
      isTouch[i] = 0;
      leftOut += 1;
    }
  }
  return { isTouch, leftOut };
}

function goneTouches(
  facts: FactColumns,
  { leaveOut, viewThrough }: JourneyRules,
): { gone: Uint8Array; leftOut: number } {
  const gone = new Uint8Array(facts.touches.times.length);
  let leftOut = 0;
  for (const { dimension, value } of leaveOut) {
    const { codes, names } = column(facts, dimension);
    const code = names.indexOf(value);
    if (code < 0) continue;
    for (let i = 0; i < gone.length; i += 1) {
      if (codes[i] !== code || gone[i] === 1) continue;
      gone[i] = 1;
      leftOut += 1;
    }
  }
  if (!viewThrough) {
    for (let i = 0; i < gone.length; i += 1) if (facts.touches.types[i] === IMPRESSION) gone[i] = 1;
  }
  return { gone, leftOut };
}
