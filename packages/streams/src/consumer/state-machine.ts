import { type ConsumerEvent, type ConsumerState, isEnding, isLost, nextState } from "./state.ts";

/** The state of one consumer and its progress, shared by the parts that do the work. */
export class ConsumerStateMachine {
  #state: ConsumerState = { kind: "owning" };
  #lastProgressMs: number;
  #failures = 0;

  /** @param lastProgressMs when the partition last made progress, ms on the monotonic clock */
  constructor(lastProgressMs: number) {
    this.#lastProgressMs = lastProgressMs;
  }

  get state(): ConsumerState {
    return this.#state;
  }

  /** When the partition last made progress or had nothing to do, ms on the monotonic clock. */
  get lastProgressMs(): number {
    return this.#lastProgressMs;
  }

  /** Failures since something was committed, or nothing was left to claim. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether no further batch is taken. */
  get isEnding(): boolean {
    return isEnding(this.#state);
  }

  /** Whether the partition is another's. */
  get isLost(): boolean {
    return isLost(this.#state);
  }

  /** Something happened. @throws IllegalTransitionError where it must not in this state */
  on(event: ConsumerEvent): void {
    this.#state = nextState(this.#state, event);
    if (event === "fail") this.#failures += 1;
    else if (event === "committed" || event === "claimed") this.#failures = 0;
  }

  /** The partition made progress, has nothing to do, or waits for something that a restart would not mend. */
  progress(): void {
    this.#lastProgressMs = performance.now();
  }
}
