import type { BrowserWindow } from "./environment.ts";

/**
 * Reports navigation without loading: the history API, and going back and forth in it. A change of the hash is none.
 * @returns what ends it, and gives the history back
 */
export function watchNavigation(window: BrowserWindow, navigated: () => void): () => void {
  const { history } = window;
  let last = pageOf(window);
  let ended = false;
  const look = (): void => {
    const now = pageOf(window);
    if (ended || now === last) return;
    last = now;
    navigated();
  };
  const restore = (["pushState", "replaceState"] as const).map((name) => {
    const before = history[name];
    const ours: typeof before = (...given) => {
      before.apply(history, given);
      look();
    };
    history[name] = ours;
    return () => {
      // Somebody else's that was put over ours stays.
      if (history[name] === ours) history[name] = before;
    };
  });
  window.addEventListener("popstate", look);
  return () => {
    ended = true;
    for (const each of restore) each();
    window.removeEventListener("popstate", look);
  };
}

function pageOf(window: BrowserWindow): string | undefined {
  return window.location.href.split("#")[0];
}
