import { accessSync, constants } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** The Chromium that tests drive: `CHROMIUM_BIN`, else the first on the PATH; undefined where there is none. */
export const CHROMIUM = findChromium();

function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env["CHROMIUM_BIN"] ?? "", ...found].find((path) => {
    try {
      if (path !== "") accessSync(path, constants.X_OK);
      return path !== "";
    } catch {
      return false;
    }
  });
}

/** A file of tests says so once, where it skips. */
export function sayIfNoChromium(): void {
  if (CHROMIUM !== undefined) return;
  console.warn(
    "skipped: no chromium, chromium-browser or google-chrome; CHROMIUM_BIN may name one",
  );
}

/** A headless browser of a test's own. @param flags of Chromium */
export async function startBrowser(...flags: readonly string[]): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("no Chromium");
  const args = ["--disable-dev-shm-usage", ...flags];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** Pages of a shop, served from 127.0.0.1. */
export interface Pages {
  readonly url: string;
  close(): Promise<void>;
}

/** @param contents by path, `/tributary.js` for one; every other path is `html` */
export async function servePages(
  html: string,
  contents: Readonly<Record<string, string>>,
): Promise<Pages> {
  const server: Server = createServer((request, response) => {
    const script = contents[request.url?.split("?")[0] ?? ""];
    const type = script === undefined ? "text/html" : "text/javascript";
    response.writeHead(200, { "Content-Type": `${type}; charset=utf-8` }).end(script ?? html);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
