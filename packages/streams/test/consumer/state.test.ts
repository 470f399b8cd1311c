/** The consumer's states against the flags that a plain loop would keep, and against the table in the documentation. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CONSUMER_EVENTS,
  type ConsumerEvent,
  type ConsumerState,
  IllegalTransitionError,
  isEnding,
  isLost,
  memoryOf,
  nextState,
  wasReadBefore,
} from "../../src/consumer/state.ts";

/** What a loop without a machine keeps: flags and where it stands in its code. */
interface Flags {
  stopping: boolean;
  lost: boolean;
  ended: boolean;
  memoryIsCommitted: boolean;
  readBefore: boolean;
  failed: boolean;
  at: "outside" | "restore" | "claim" | "read" | "batch" | "compute" | "commit" | "trim";
  /** Where it goes on after a rebuild. */
  after: "claim" | "read" | "batch";
}

class Machine {
  state: ConsumerState = { kind: "owning" };
  readonly seen: Set<string>;
  constructor(seen: Set<string>) {
    this.seen = seen;
  }
  on(event: ConsumerEvent): void {
    this.state = nextState(this.state, event);
    this.seen.add(this.state.kind);
  }
}

const ends = ({ stopping, lost }: Flags): boolean => stopping || lost;
const inBatch = ({ at }: Flags): boolean => at === "batch" || at === "compute" || at === "commit";
const origin = ({ readBefore }: Flags): "claim" | "read" => (readBefore ? "claim" : "read");

/** What the loop does when something happens, in terms of its flags alone. */
class Happens implements fc.Command<Flags, Machine> {
  readonly #event: ConsumerEvent;
  readonly #may: (flags: Readonly<Flags>) => boolean;
  readonly #change: (flags: Flags) => void;

  constructor(
    event: ConsumerEvent,
    may: (flags: Readonly<Flags>) => boolean,
    change: (flags: Flags) => void,
  ) {
    this.#event = event;
    this.#may = may;
    this.#change = change;
  }

  check(flags: Readonly<Flags>): boolean {
    return !flags.ended && this.#may(flags);
  }

  run(flags: Flags, machine: Machine): void {
    const before = machine.state;
    const copy = structuredClone(before);
    this.#change(flags);
    machine.on(this.#event);
    const { state } = machine;
    expect(isEnding(state)).toBe(ends(flags) || flags.ended);
    expect(isLost(state)).toBe(flags.lost);
    if (!ends(flags)) {
      expect(memoryOf(state) === "committed").toBe(flags.memoryIsCommitted);
      expect(state.kind === "failed").toBe(flags.failed);
      if (inBatch(flags)) expect(wasReadBefore(state)).toBe(flags.readBefore);
    }
    // A state is never changed, only left.
    expect(before).toEqual(copy);
  }

  toString(): string {
    return this.#event;
  }
}

const COMMANDS = [
  new Happens(
    "restore",
    (f) => !ends(f) && f.at === "outside" && !f.memoryIsCommitted,
    (f) => Object.assign(f, { at: "restore", after: "claim", failed: false }),
  ),
  new Happens(
    "restored",
    (f) => f.at === "restore",
    (f) =>
      Object.assign(f, {
        // A batch that was computed in part is given up where the loop ends meanwhile.
        at: ends(f) && f.after === "batch" ? "outside" : f.after,
        memoryIsCommitted: !ends(f),
      }),
  ),
  new Happens(
    "claim",
    (f) => !ends(f) && (f.at === "read" || (f.at === "outside" && f.memoryIsCommitted && f.failed)),
    (f) => Object.assign(f, { at: "claim", failed: false }),
  ),
  new Happens(
    "claimed",
    (f) => !ends(f) && f.at === "claim",
    (f) => Object.assign(f, { at: "read" }),
  ),
  new Happens(
    "batch",
    (f) => !ends(f) && (f.at === "claim" || f.at === "read"),
    (f) => Object.assign(f, { readBefore: f.at === "claim", at: "batch" }),
  ),
  new Happens(
    "giveUp",
    (f) => f.at === "batch",
    (f) => Object.assign(f, { at: "commit" }),
  ),
  new Happens(
    "compute",
    (f) => f.at === "batch",
    (f) => Object.assign(f, { at: "compute", memoryIsCommitted: false }),
  ),
  new Happens(
    "computed",
    (f) => f.at === "compute",
    (f) => Object.assign(f, { at: "commit" }),
  ),
  new Happens(
    "discarded",
    (f) => f.at === "compute" || f.at === "commit",
    (f) =>
      Object.assign(f, {
        at: ends(f) ? "outside" : "restore",
        after: "batch",
        memoryIsCommitted: false,
      }),
  ),
  new Happens(
    "committed",
    (f) => f.at === "commit",
    (f) => Object.assign(f, { at: "trim", after: origin(f), memoryIsCommitted: true }),
  ),
  new Happens(
    "trim",
    (f) => !ends(f) && f.at === "read",
    (f) => Object.assign(f, { at: "trim", after: "read" }),
  ),
  new Happens(
    "trimmed",
    (f) => f.at === "trim",
    (f) => Object.assign(f, { at: f.after }),
  ),
  new Happens(
    "rebuild",
    (f) => !ends(f) && f.at === "trim",
    (f) => Object.assign(f, { at: "restore", memoryIsCommitted: false }),
  ),
  new Happens(
    "fail",
    (f) => f.at !== "outside",
    (f) => Object.assign(f, { at: "outside", failed: !ends(f) }),
  ),
  new Happens(
    "stop",
    () => true,
    (f) => Object.assign(f, { stopping: true }),
  ),
  new Happens(
    "lose",
    () => true,
    (f) => Object.assign(f, { lost: true }),
  ),
  new Happens(
    "end",
    (f) => ends(f) && !inBatch(f) && f.at !== "restore",
    (f) => Object.assign(f, { ended: true }),
  ),
];

describe("the consumer's states", () => {
  it("say of every run what the flags of a plain loop say", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.commands(
          COMMANDS.map((command) => fc.constant(command)),
          { maxCommands: 120, size: "max" },
        ),
        (commands) => {
          const real = new Machine(seen);
          const model: Flags = {
            stopping: false,
            lost: false,
            ended: false,
            memoryIsCommitted: false,
            readBefore: false,
            failed: false,
            at: "outside",
            after: "claim",
          };
          fc.modelRun(() => ({ model, real }), commands);
        },
      ),
      { numRuns: 2000 },
    );
    // Else some part of the machine was not put to the test: all but owning, where it begins.
    expect(seen.size).toBe(12);
  });

  it("are those of the documentation, with the same ways between them and no other", () => {
    const page = readFileSync(
      new URL("../../../../docs/partition-states.md", import.meta.url),
      "utf8",
    );
    const documented = page.split("\n").flatMap((line) => {
      const [states, events, nexts] = line
        .split("|")
        .slice(1)
        .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word));
      if (states === undefined || events === undefined || nexts === undefined) return [];
      return states.flatMap((state) =>
        events.flatMap((event) =>
          nexts.map((next) => `${state} ${event} ${next === "itself" ? state : next}`),
        ),
      );
    });
    expect(documented.toSorted()).toEqual(reachable().toSorted());
  });
});

/** Every way between states that can be reached, as `state event next`, by their names in the documentation. */
function reachable(): string[] {
  const ways = new Set<string>();
  const known = new Set<string>();
  const todo: ConsumerState[] = [{ kind: "owning" }];
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    if (known.has(JSON.stringify(state))) continue;
    known.add(JSON.stringify(state));
    for (const event of CONSUMER_EVENTS) {
      try {
        const next = nextState(state, event);
        ways.add(`${nameOf(state)} ${event} ${nameOf(next)}`);
        todo.push(next);
      } catch (error) {
        if (!(error instanceof IllegalTransitionError)) throw error;
      }
    }
  }
  return [...ways];
}

function nameOf(state: ConsumerState): string {
  if (state.kind === "finishing") return `finishing:${state.batch.kind}`;
  return state.kind === "failed" ? `failed:${state.memory}` : state.kind;
}
