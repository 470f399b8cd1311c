/** Tells its number, then the signal that it takes itself to have had. */
import { aborted, takeInterrupts } from "../../src/client/interrupt.ts";

const interrupt = takeInterrupts();
console.log(process.pid);
// A signal's handler does not keep a process alive.
const alive = setInterval(() => undefined, 1000);
await aborted(interrupt.signal);
console.log(interrupt.received());
clearInterval(alive);
