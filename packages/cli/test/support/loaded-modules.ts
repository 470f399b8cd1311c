/** Preloaded into a command (`node --import`): writes the addresses of the modules it loaded to LOADED_MODULES at its end. */
import { writeFileSync } from "node:fs";
import { getCompileCacheDir, registerHooks } from "node:module";

const file = process.env["LOADED_MODULES"];
const urls = new Set<string>();
registerHooks({
  load: (url, context, next) => {
    urls.add(url);
    return next(url, context);
  },
});
process.on("exit", () => {
  if (file === undefined) return;
  writeFileSync(file, JSON.stringify({ urls: [...urls], cacheDir: getCompileCacheDir() ?? null }));
});
