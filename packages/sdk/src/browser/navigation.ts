import type { BrowserWindow } from "./environment.ts";

/**
 * Tells of navigation without loading: the history API, and going back and forth in it. A change of the hash is none.
 * @returns what ends it, and gives the history back
 */
export function watchNavigation(window: BrowserWindow, navigated: () => void): () => void {
  const { history } = window;
  let last = pageOf(window);
  const look = (): void => {
    const now = pageOf(window);
    if (now === last) return;
    last = now;
    navigated();
  };
  const { pushState, replaceState } = history;
  history.pushState = (...given) => {
    pushState.apply(history, given);
    look();
  };
  history.replaceState = (...given) => {
    replaceState.apply(history, given);
    look();
  };
  window.addEventListener("popstate", look);
  return () => {
    history.pushState = pushState;
    history.replaceState = replaceState;
    window.removeEventListener("popstate", look);
  };
}

function pageOf(window: BrowserWindow): string | undefined {
  return window.location.href.split("#")[0];
}
