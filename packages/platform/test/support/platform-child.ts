/** Runs a platform of stand-ins and tells its process numbers, for tests that kill it. */
import { startPlatform } from "../../src/platform.ts";
import { fakeMains } from "../../../../test/support/fake-mains.ts";

const platform = await startPlatform({
  dataDir: process.argv[2] ?? "",
  port: 0,
  mains: fakeMains,
  note: (line) => console.error(line),
});
console.log(JSON.stringify(platform.processes()));
