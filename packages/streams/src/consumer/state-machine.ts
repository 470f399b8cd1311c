import { type ConsumerEvent, type ConsumerState, isEnding, isLost, nextState } from "./state.ts";

/** The state of one consumer and its progress, shared by the parts that do the work. */
export class ConsumerStateMachine {
  #state: ConsumerState = { kind: "owning" };
  #lastProgressMs: number;

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
  }

  /** The partition made progress, has nothing to do, or waits for something that a restart would not mend. */
  progress(): void {
    this.#lastProgressMs = performance.now();
  }
}
