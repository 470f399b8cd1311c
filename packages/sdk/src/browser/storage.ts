import type { OutgoingEvent } from "../core/event.ts";
import type { OnProblem } from "../core/problem.ts";
import type { Keeper } from "../core/sender.ts";
import type { BrowserWindow, KeyValues } from "./environment.ts";

/** Where the visitor's IDs are kept; the queue is in localStorage, or with `memory` nowhere. */
export type Persistence = "localStorage" | "cookie" | "memory";

const COOKIE_SECONDS = 34_560_000; // 400 days: browsers cut longer ones.

/**
 * What outlives a page: the visitor's IDs, and the events that the gateway does not have yet, each under a key of its
 * own, because pages in several tabs that wrote one list would overwrite each other's.
 */
export class Storage implements Keeper {
  readonly #window: BrowserWindow;
  readonly #prefix: string;
  /** Attributes of the cookies that hold the IDs; undefined where none do. */
  readonly #cookie: string | undefined;
  readonly #onProblem: OnProblem;
  /** Undefined where nothing is stored, or nothing may be. */
  #store: KeyValues | undefined;
  readonly #memory = new Map<string, string>();
  readonly #kept = new Set<string>();

  /** @param cookieDomain for IDs in cookies of all of a site's subdomains */
  constructor(
    window: BrowserWindow,
    prefix: string,
    persistence: Persistence,
    cookieDomain: string | undefined,
    onProblem: OnProblem,
  ) {
    this.#window = window;
    this.#prefix = prefix;
    this.#onProblem = onProblem;
    const domain = cookieDomain === undefined ? "" : `; Domain=${cookieDomain}`;
    const secure = window.location.href.startsWith("https:") ? "; Secure" : "";
    this.#cookie =
      persistence === "cookie" ? `; Path=/; SameSite=Lax${secure}${domain}` : undefined;
    if (persistence === "memory") return;
    try {
      // null in some apps' web views.
      this.#store = window.localStorage ?? undefined;
    } catch (error) {
      this.#failed(error, []);
    }
  }

  /** @returns undefined where there is none, or none that can be read */
  get(name: string): string | undefined {
    const key = this.#prefix + name;
    try {
      const found = this.#cookie === undefined ? this.#store?.getItem(key) : this.#cookieOf(key);
      return (found ?? this.#memory.get(key)) || undefined;
    } catch (error) {
      // A sandboxed frame may read none, and what a cookie holds may be somebody else's.
      this.#failed(error, []);
      return this.#memory.get(key) || undefined;
    }
  }

  /** @param value undefined removes it */
  set(name: string, value: string | undefined): void {
    const key = this.#prefix + name;
    this.#memory.set(key, value ?? "");
    try {
      if (this.#cookie !== undefined) {
        const age = value === undefined ? 0 : COOKIE_SECONDS;
        const text = encodeURIComponent(value ?? "");
        this.#window.document.cookie = `${key}=${text}; Max-Age=${age}${this.#cookie}`;
      } else if (value === undefined) this.#store?.removeItem(key);
      else this.#store?.setItem(key, value);
    } catch (error) {
      this.#failed(error, []);
    }
  }

  #cookieOf(key: string): string | undefined {
    const found = this.#window.document.cookie.split("; ").find((it) => it.startsWith(`${key}=`));
    return found === undefined ? undefined : decodeURIComponent(found.slice(key.length + 1));
  }

  keep(event: OutgoingEvent): void {
    if (this.#write(this.#keyOf(event), JSON.stringify(event), [event])) this.#kept.add(event.id);
  }

  wants(event: OutgoingEvent): boolean {
    return !this.#kept.has(event.id) || this.#store?.getItem(this.#keyOf(event)) !== null;
  }

  release(event: OutgoingEvent): void {
    this.#kept.delete(event.id);
    this.#store?.removeItem(this.#keyOf(event));
  }

  /** The events that earlier pages left, and those that pages in other tabs are about to send, oldest first. */
  adopt(): readonly OutgoingEvent[] {
    const store = this.#store;
    if (store === undefined) return [];
    const found: OutgoingEvent[] = [];
    for (const key of this.#keys(this.#keyOf({ id: "" }))) {
      try {
        const event = JSON.parse(store.getItem(key) ?? "") as OutgoingEvent;
        if (this.#keyOf(event) !== key || this.#kept.has(event.id)) continue;
        this.#kept.add(event.id);
        found.push(event);
      } catch (error) {
        // Nothing of ours: it would be found broken for ever.
        store.removeItem(key);
        this.#failed(error, []);
      }
    }
    return found.sort((a, b) => a.time - b.time);
  }

  /** Removes all that was stored. */
  clear(names: readonly string[]): void {
    for (const name of names) this.set(name, undefined);
    for (const key of this.#keys(this.#prefix)) this.#store?.removeItem(key);
  }

  #keyOf({ id }: Pick<OutgoingEvent, "id">): string {
    return `${this.#prefix}event.${id}`;
  }

  #keys(prefix: string): readonly string[] {
    const store = this.#store;
    return Array.from({ length: store?.length ?? 0 }, (_, at) => store?.key(at) ?? "").filter(
      (key) => key.startsWith(prefix),
    );
  }

  #write(key: string, value: string, events: readonly OutgoingEvent[]): boolean {
    try {
      this.#store?.setItem(key, value);
      return this.#store !== undefined;
    } catch (error) {
      this.#failed(error, events);
      return false;
    }
  }

  /** What cannot be stored is sent all the same, while the page stays. */
  #failed(error: unknown, events: readonly OutgoingEvent[]): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#onProblem({ code: "storage", reason, events });
  }
}
