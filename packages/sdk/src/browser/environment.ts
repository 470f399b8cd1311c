/** The part of a browser that the client uses, so that it is written down once and needs no types of a whole browser. */

export interface KeyValues {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface HistoryApi {
  pushState: (data: unknown, unused: string, url?: string | null) => void;
  replaceState: (data: unknown, unused: string, url?: string | null) => void;
}

interface Listening {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

export interface BrowserWindow extends Listening {
  readonly location: { readonly href: string };
  readonly history: HistoryApi;
  readonly performance: {
    getEntriesByType(type: string): readonly { readonly type?: string }[];
  };
  readonly document: Listening & {
    readonly referrer: string;
    readonly title: string;
    readonly visibilityState: string;
    cookie: string;
  };
  readonly console: { warn(...what: unknown[]): void };
  /** Throws where the visitor allows no storage. */
  readonly localStorage: KeyValues;
}

export function currentWindow(): BrowserWindow {
  return globalThis as unknown as BrowserWindow;
}
