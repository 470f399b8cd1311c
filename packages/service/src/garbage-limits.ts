import { setFlagsFromString } from "node:v8";

/**
 * Has V8 weigh buffers against the whole heap's limit, not against that of the old generation alone. What a gateway and a
 * worker read and write is buffers that live for milliseconds; by default they bring on a collection of the whole heap
 * several times a second, 13 ms of the thread each and more on V8's helpers. Goes for threads started later as well.
 */
export function expectShortLivedBuffers(): void {
  setFlagsFromString("--external-memory-accounted-in-global-limit");
  setFlagsFromString("--heap-growing-percent=400");
}
