/** Claims one folder after the other at the moments that it is given, for a test that runs several of it at once. */
import { claimDataDir } from "../../src/data-folder.ts";

interface Order {
  readonly folders: readonly string[];
  /** Of the first claim, ms since 1970; the others follow every 20 ms. */
  readonly startsAt: number;
  readonly name: string;
}

// Lives until the test ends it: a claim is good for as long as its process lives.
process.on("message", (order: Order) => {
  void claimAll(order).then((claimed) => process.send?.(claimed));
});
process.send?.("ready");

/** @returns for each folder, whether it is this process's */
async function claimAll({ folders, startsAt, name }: Order): Promise<boolean[]> {
  const claimed: boolean[] = [];
  for (const [index, folder] of folders.entries()) {
    // Not a timer: the claims of all processes have to fall into the same microseconds.
    while (Date.now() < startsAt + index * 20);
    claimed.push(
      await claimDataDir(folder, `${name}-${index}`).then(
        () => true,
        () => false,
      ),
    );
  }
  return claimed;
}
