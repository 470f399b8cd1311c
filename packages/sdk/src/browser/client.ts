import {
  type ConversionFields,
  type EventInput,
  type OutgoingEvent,
  type Properties,
  randomId,
  type RefundFields,
} from "../core/event.ts";
import { type ClientOptions, createSender, type SenderDefaults } from "../core/options.ts";
import { guard, type OnProblem } from "../core/problem.ts";
import type { Sender } from "../core/sender.ts";
import { type BrowserWindow, currentWindow } from "./environment.ts";
import { watchNavigation } from "./navigation.ts";
import { clickId, pageView } from "./page.ts";
import { type Persistence, Storage } from "./storage.ts";

export type BrowserOptions = ClientOptions & {
  /** `required`: nothing is stored or sent until `consent(true)`. Default `granted`. */
  readonly consent?: "granted" | "required" | undefined;
  /** Whether page views are sent by themselves, navigation without loading among them. Default true. */
  readonly autoPage?: boolean | undefined;
  /** Where the visitor's IDs are kept. Default `localStorage`. */
  readonly persistence?: Persistence | undefined;
  /** Of IDs in cookies, for all of a site's subdomains: `shop.example`. */
  readonly cookieDomain?: string | undefined;
};

const DEFAULTS: SenderDefaults = {
  batchEvents: 50,
  // Browsers let 64 KB go out while a page closes: what is under way, and as much again.
  batchBytes: 28_000,
  flushIntervalMs: 2000,
  maxQueueEvents: 1000,
  maxQueueBytes: 1_000_000,
  timeoutMs: 10_000,
  retryMs: 1000,
  maxRetryMs: 60_000,
  keepalive: true,
};
const ANONYMOUS_ID = "anonymousId";
const USER_ID = "userId";

/** Sends a page's events in batches, and keeps them until the gateway has them, also over reloads. */
export class Tributary {
  readonly #window: BrowserWindow;
  readonly #storage: Storage;
  readonly #sender: Sender;
  readonly #onProblem: OnProblem;
  readonly #maxHeld: number;
  readonly #maxHeldBytes: number;
  #anonymousId: string | undefined;
  #userId: string | undefined;
  /** Of the page view that comes next. */
  #referrer: string;
  #consent = false;
  /** Whether there was no such visitor before this page. */
  #isNew = false;
  /** Events before consent: in memory only, without a visitor. */
  #held: OutgoingEvent[] = [];
  #heldBytes = 0;
  readonly #ends: (() => void)[] = [];

  /** @throws TypeError that names the option, its value and the allowed values */
  constructor(options: BrowserOptions) {
    const window = currentWindow();
    const { persistence = "localStorage", autoPage = true, writeKey = "", cookieDomain } = options;
    this.#window = window;
    const warn = (...what: unknown[]): void => window.console.warn("Tributary:", ...what);
    const onProblem = guard(
      options.onProblem ?? (({ code, reason, events }) => warn(code, reason, events)),
      (error) => warn("onProblem failed", error),
    );
    this.#onProblem = onProblem;
    const prefix = `tributary.${encodeURIComponent(writeKey)}.`;
    this.#storage = new Storage(window, prefix, persistence, cookieDomain, onProblem);
    this.#sender = createSender({ ...options, onProblem }, DEFAULTS, this.#storage);
    this.#maxHeld = options.maxQueueEvents ?? DEFAULTS.maxQueueEvents;
    this.#maxHeldBytes = options.maxQueueBytes ?? DEFAULTS.maxQueueBytes;
    this.#referrer = window.document.referrer;
    this.#listen(window, "pagehide", () => this.#sender.hurry());
    this.#listen(window, "online", () => this.#sender.retry());
    this.#listen(window.document, "visibilitychange", () => {
      if (window.document.visibilityState === "hidden") this.#sender.hurry();
    });
    if (options.consent !== "required") this.consent(true);
    if (!autoPage) return;
    this.#view(undefined, isLoadedAgain(window) && !this.#isNew);
    this.#ends.push(watchNavigation(window, () => this.page()));
  }

  /** The visitor's ID, first-party; undefined before consent. */
  get anonymousId(): string | undefined {
    return this.#anonymousId;
  }

  /** A page view: of a page that shows something else now, where that is not seen by itself. */
  page(properties?: Properties): void {
    this.#view(properties, false);
  }

  track(name: string, properties?: Properties): void {
    this.#add({ type: "custom", name, properties });
  }

  conversion(fields: ConversionFields): void {
    this.#add({ type: "conversion", ...fields });
  }

  refund(fields: RefundFields): void {
    this.#add({ type: "refund", ...fields });
  }

  /** Names the visitor: all later events are the user's, also on later pages. */
  identify(userId: string, traits?: Properties): void {
    this.#userId = userId;
    if (this.#consent) this.#storage.set(USER_ID, userId);
    this.#add({ type: "identify", properties: traits });
  }

  /**
   * Grants or withdraws consent. After withdrawal the client stores and sends nothing, and removes what it stored, so that a page in
   * another tab does not send it either; that page needs its own call. Events that the gateway has stay there.
   */
  consent(granted: boolean): void {
    this.#consent = granted;
    if (granted) {
      this.#takeUp();
      return;
    }
    this.#held = [];
    this.#heldBytes = 0;
    this.#sender.clear();
    this.#storage.clear([ANONYMOUS_ID, USER_ID]);
    this.#anonymousId = undefined;
    this.#userId = undefined;
  }

  /** Sends what waits. @returns whether nothing is left: false where the gateway is unavailable or asked to wait */
  flush(): Promise<boolean> {
    return this.#sender.flush();
  }

  /** The visitor logs out: later events belong to a new visitor. Waiting events are sent. */
  reset(): void {
    this.#userId = undefined;
    this.#storage.set(USER_ID, undefined);
    if (this.#consent) this.#storage.set(ANONYMOUS_ID, (this.#anonymousId = randomId()));
  }

  /** Listens no more, and gives the history back. What waits is sent, or by the next page. */
  close(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#sender.hurry();
  }

  #listen(
    target: Pick<BrowserWindow, "addEventListener" | "removeEventListener">,
    type: string,
    listener: () => void,
  ): void {
    target.addEventListener(type, listener);
    this.#ends.push(() => target.removeEventListener(type, listener));
  }

  #view(properties: Properties | undefined, again: boolean): void {
    const { href } = this.#window.location;
    this.#add({ ...pageView(href, this.#referrer, again), properties });
    this.#referrer = href;
  }

  #add(fields: EventInput): void {
    const event: OutgoingEvent = {
      ...fields,
      id: fields.id ?? randomId(),
      time: fields.time ?? Date.now(),
      userId: this.#userId,
      anonymousId: this.#anonymousId,
    };
    if (this.#consent) this.#enqueue(event);
    else this.#hold(event);
  }

  #hold(event: OutgoingEvent): void {
    const bytes = this.#sender.pack(event)?.length;
    if (bytes === undefined) return;
    if (event.type !== "custom") this.#makeRoom(bytes);
    if (this.#isHeldFull(bytes)) return this.#loseHeld(event);
    this.#held.push(event);
    this.#heldBytes += bytes;
  }

  #isHeldFull(bytes: number): boolean {
    return this.#held.length >= this.#maxHeld || this.#heldBytes + bytes > this.#maxHeldBytes;
  }

  /** As the sender does it: the oldest custom events go first. */
  #makeRoom(bytes: number): void {
    while (this.#isHeldFull(bytes)) {
      const at = this.#held.findIndex(({ type }) => type === "custom");
      const [event] = at < 0 ? [] : this.#held.splice(at, 1);
      if (event === undefined) return;
      this.#heldBytes -= this.#sender.pack(event)?.length ?? 0;
      this.#loseHeld(event);
    }
  }

  #loseHeld(event: OutgoingEvent): void {
    const reason = `${this.#held.length} events of ${this.#heldBytes} bytes wait for consent already`;
    this.#onProblem({ code: "queue_full", reason, events: [event] });
  }

  #enqueue(event: OutgoingEvent): void {
    // Stored first: a request may take the event away at once.
    this.#storage.keep(event);
    if (!this.#sender.add(event)) this.#storage.release(event);
  }

  /** Consent was granted: finds or makes the visitor's ID, and sends the held events. */
  #takeUp(): void {
    const known = this.#anonymousId ?? this.#storage.get(ANONYMOUS_ID);
    this.#isNew = known === undefined;
    // A new visitor who comes by a tracking link goes on with the journey that its click began.
    this.#anonymousId = known ?? clickId(this.#window.location.href) ?? randomId();
    this.#storage.set(ANONYMOUS_ID, this.#anonymousId);
    this.#userId ??= this.#storage.get(USER_ID);
    if (this.#userId !== undefined) this.#storage.set(USER_ID, this.#userId);
    for (const event of this.#storage.adopt()) {
      // What does not fit waits for another page.
      if (!this.#sender.hasRoom(1)) break;
      this.#sender.add(event);
    }
    this.#heldBytes = 0;
    for (const event of this.#held.splice(0)) {
      const { url, referrer = "", userId = this.#userId } = event;
      // A page that was loaded again before consent is this visitor's arrival all the same.
      const view = this.#isNew && url !== undefined ? pageView(url, referrer, false) : {};
      this.#enqueue({ ...event, ...view, userId, anonymousId: this.#anonymousId });
    }
  }
}

/** A page that is loaded again, or gone back to, is no arrival. */
function isLoadedAgain(window: BrowserWindow): boolean {
  const [navigation] = window.performance.getEntriesByType("navigation");
  return navigation?.type === "reload" || navigation?.type === "back_forward";
}
