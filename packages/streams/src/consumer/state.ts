/**
 * The states of an owned partition's consumer, and the only ways between them. Pure: the consumer does the work and says
 * what came of it. docs/partition-states.md has the whole table, and a test holds it against this file.
 *
 *   state       memory               event → next state
 *   owning      void                 restore → restoring
 *   restoring   void                 restored → claiming, running or judging: where it was left
 *   claiming    committed            batch → judging · claimed → running
 *   running     committed            batch → judging · claim → claiming · trim → trimming
 *   judging     committed            compute → computing · giveUp → committing
 *   computing   ahead                computed → committing · discarded → restoring
 *   committing  ahead or committed   committed → trimming · discarded → restoring
 *   trimming    committed            trimmed → claiming or running · rebuild → restoring
 *   failed      void or committed    restore → restoring · claim → claiming, where memory is committed
 *   finishing   the batch's          the batch's events; committed, discarded and fail → releasing
 *   releasing   void                 end → ended
 *   lost        void                 end → ended
 *
 * From each of them fail leads to failed, stop to releasing (to finishing while a batch is in hand), lose to lost.
 */

/** Where a batch came from, and where the consumer goes on after it: entries somebody had read before, or new ones. */
export type Origin = "claiming" | "running";

/** Memory compared with the commits: `void` must be rebuilt, `ahead` holds a batch that is not committed. */
export type Memory = "void" | "committed" | "ahead";

/** A batch is in hand: an entry alone in it may be given up before it is computed. */
interface Judging {
  readonly kind: "judging";
  readonly from: Origin;
}
interface Computing {
  readonly kind: "computing";
  readonly from: Origin;
}
interface Committing {
  readonly kind: "committing";
  readonly from: Origin;
  /** `committed` where nothing was computed: all entries of the batch were given up. */
  readonly memory: "ahead" | "committed";
}

export type ConsumerState =
  /** The lease is held, and nothing of the partition is in memory. */
  | { readonly kind: "owning" }
  /** Memory is made what is committed. */
  | { readonly kind: "restoring"; readonly next: Origin | Judging }
  /** Entries that somebody read and did not commit are taken over. */
  | { readonly kind: "claiming" }
  /** New entries are read, or there is no room for any. */
  | { readonly kind: "running" }
  | Judging
  | Computing
  | Committing
  | { readonly kind: "trimming"; readonly next: Origin }
  /** After an error, until the next try. */
  | { readonly kind: "failed"; readonly memory: "void" | "committed" }
  /** Asked to stop: the batch in hand is finished, none follows. */
  | { readonly kind: "finishing"; readonly batch: Judging | Computing | Committing }
  /** The loop ends: the processor forgets the partition, and its lease is given back. */
  | { readonly kind: "releasing" }
  /** The partition is another's: nothing more is written. */
  | { readonly kind: "lost" }
  | { readonly kind: "ended"; readonly lost: boolean };

export type ConsumerStateKind = ConsumerState["kind"];

/** Everything that changes the state. */
export const CONSUMER_EVENTS = [
  "restore",
  "restored",
  "claim",
  "claimed",
  "batch",
  "giveUp",
  "compute",
  "computed",
  "discarded",
  "committed",
  "trim",
  "trimmed",
  "rebuild",
  "fail",
  "stop",
  "lose",
  "end",
] as const;

export type ConsumerEvent = (typeof CONSUMER_EVENTS)[number];

/** An event came in a state in which it must not: a broken invariant. */
export class IllegalTransitionError extends Error {
  constructor(state: ConsumerState, event: ConsumerEvent) {
    super(`a partition's consumer that is ${state.kind} takes no ${event}`);
    this.name = "IllegalTransitionError";
  }
}

type StateOf<Kind extends ConsumerStateKind> = Extract<ConsumerState, { readonly kind: Kind }>;

/** The state that each event leads to; an event that is absent is illegal there. */
type Table = {
  readonly [Kind in ConsumerStateKind]: {
    readonly [Event in ConsumerEvent]?: (state: StateOf<Kind>) => ConsumerState;
  };
};

const CLAIMING: ConsumerState = { kind: "claiming" };
const RUNNING: ConsumerState = { kind: "running" };
const RELEASING: ConsumerState = { kind: "releasing" };
const LOST: ConsumerState = { kind: "lost" };

const same = (state: ConsumerState): ConsumerState => state;
const release = (): ConsumerState => RELEASING;
const lose = (): ConsumerState => LOST;
const fail = (state: ConsumerState): ConsumerState => ({
  kind: "failed",
  memory: memoryOf(state) === "committed" ? "committed" : "void",
});
const finish = (batch: Judging | Computing | Committing): ConsumerState => ({
  kind: "finishing",
  batch,
});
const restore = (): ConsumerState => ({ kind: "restoring", next: "claiming" });
/** The batch is judged again, in part, with memory as it was before. */
const discarded = ({ from }: Computing | Committing): ConsumerState => ({
  kind: "restoring",
  next: { kind: "judging", from },
});
const goOn = (next: Origin): ConsumerState => (next === "claiming" ? CLAIMING : RUNNING);
const trim = (next: Origin): ConsumerState => ({ kind: "trimming", next });

/** The end came from outside: what was under way then comes to nothing. */
const OVER = {
  restored: same,
  claimed: same,
  trim: same,
  trimmed: same,
  fail: same,
  stop: same,
  lose,
} as const;

const TABLE: Table = {
  owning: { restore, fail, stop: release, lose },
  restoring: {
    restored: ({ next }) => (typeof next === "string" ? goOn(next) : next),
    fail,
    stop: release,
    lose,
  },
  claiming: {
    batch: () => ({ kind: "judging", from: "claiming" }),
    claimed: () => RUNNING,
    fail,
    stop: release,
    lose,
  },
  running: {
    batch: () => ({ kind: "judging", from: "running" }),
    claim: () => CLAIMING,
    trim: () => trim("running"),
    fail,
    stop: release,
    lose,
  },
  judging: {
    compute: ({ from }) => ({ kind: "computing", from }),
    giveUp: ({ from }) => ({ kind: "committing", from, memory: "committed" }),
    fail,
    stop: finish,
    lose,
  },
  computing: {
    computed: ({ from }) => ({ kind: "committing", from, memory: "ahead" }),
    discarded,
    fail,
    stop: finish,
    lose,
  },
  committing: {
    committed: ({ from }) => trim(from),
    discarded,
    fail,
    stop: finish,
    lose,
  },
  trimming: {
    trimmed: ({ next }) => goOn(next),
    rebuild: ({ next }) => ({ kind: "restoring", next }),
    fail,
    stop: release,
    lose,
  },
  failed: {
    restore: (state) => afterFailure(state, "void", restore(), "restore"),
    claim: (state) => afterFailure(state, "committed", CLAIMING, "claim"),
    stop: release,
    lose,
  },
  finishing: {
    giveUp: (state) => finishWith(state, "giveUp"),
    compute: (state) => finishWith(state, "compute"),
    computed: (state) => finishWith(state, "computed"),
    discarded: (state) => finishWith(state, "discarded"),
    committed: (state) => finishWith(state, "committed"),
    fail: release,
    stop: same,
    lose,
  },
  releasing: { ...OVER, end: () => ({ kind: "ended", lost: false }) },
  lost: {
    ...OVER,
    giveUp: same,
    compute: same,
    computed: same,
    discarded: same,
    committed: same,
    end: () => ({ kind: "ended", lost: true }),
  },
  ended: { stop: same, lose: same },
};

/** What the batch in hand would become; where that is no step on its way to a commit, the consumer ends. */
function finishWith({ batch }: StateOf<"finishing">, event: ConsumerEvent): ConsumerState {
  const next = nextState(batch, event);
  return next.kind === "computing" || next.kind === "committing" ? finish(next) : RELEASING;
}

function afterFailure(
  state: StateOf<"failed">,
  memory: Memory,
  next: ConsumerState,
  event: ConsumerEvent,
): ConsumerState {
  if (state.memory === memory) return next;
  throw new IllegalTransitionError(state, event);
}

/** The state after an event. @throws IllegalTransitionError */
export function nextState(state: ConsumerState, event: ConsumerEvent): ConsumerState {
  // A cell of the state's own row takes that very state.
  const row = TABLE[state.kind] as Record<
    string,
    ((of: ConsumerState) => ConsumerState) | undefined
  >;
  const cell = row[event];
  if (cell === undefined) throw new IllegalTransitionError(state, event);
  return cell(state);
}

/** What memory holds compared with the commits. */
export function memoryOf(state: ConsumerState): Memory {
  switch (state.kind) {
    case "claiming":
    case "running":
    case "judging":
    case "trimming":
      return "committed";
    case "computing":
      return "ahead";
    case "committing":
    case "failed":
      return state.memory;
    case "finishing":
      return memoryOf(state.batch);
    default:
      return "void";
  }
}

/** Whether no further batch is taken. */
export function isEnding({ kind }: ConsumerState): boolean {
  return kind === "finishing" || kind === "releasing" || kind === "lost" || kind === "ended";
}

/** Whether the partition is another's. */
export function isLost(state: ConsumerState): boolean {
  return state.kind === "lost" || (state.kind === "ended" && state.lost);
}

/** Whether the batch in hand is of entries that somebody had read before: its events count as computed again. */
export function wasReadBefore(state: ConsumerState): boolean {
  switch (state.kind) {
    case "judging":
    case "computing":
    case "committing":
      return state.from === "claiming";
    case "finishing":
      return wasReadBefore(state.batch);
    default:
      return false;
  }
}
