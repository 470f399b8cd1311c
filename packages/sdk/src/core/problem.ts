import type { OutgoingEvent } from "./event.ts";

/**
 * What a client says of its own accord. `waiting` loses nothing; `storage` loses nothing while the page stays; all others
 * name events that are not sent again:
 * - `refused`: the gateway took the event's neighbours and not the event; `field` says what is wrong
 * - `rejected`: the gateway took nothing of the request and would not the next time: a wrong key, a wrong address
 * - `too_large`: larger than an event may be
 * - `unpackable`: holds what JSON cannot
 * - `queue_full`: as much waits as may
 * - `unsent`: left when the client was closed
 */
export type ProblemCode =
  | "waiting"
  | "storage"
  | "refused"
  | "rejected"
  | "too_large"
  | "unpackable"
  | "queue_full"
  | "unsent";

export interface Problem {
  readonly code: ProblemCode;
  /** In words. */
  readonly reason: string;
  /** The events that it concerns. */
  readonly events: readonly OutgoingEvent[];
  /** The answer's HTTP status, where there was one. */
  readonly status?: number;
  /** Of a refused event: the field at fault. */
  readonly field?: string;
  /** Until the next try, ms. */
  readonly retryInMs?: number;
}

export type OnProblem = (problem: Problem) => void;

/**
 * The customer's handler, which may fail: that must not end a server, or keep events from being sent.
 * @param failed is given what it threw, or rejected with where it is async
 */
export function guard(onProblem: OnProblem, failed: (error: unknown) => void): OnProblem {
  const notify = async (problem: Problem): Promise<void> => onProblem(problem);
  return (problem) => {
    notify(problem).catch(failed);
  };
}
