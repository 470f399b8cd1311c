import { randomBytes } from "node:crypto";
import { AttributionError } from "@tributary/attribution";
import { WarehouseError } from "@tributary/warehouse";
import { FactsComputer, type RecomputeTask, type TouchesTask } from "./facts-computer.ts";
import { creditPaths, type PathCredits, type PathCreditsTask } from "./path-credits.ts";
import type { Recomputed } from "./recompute.ts";

export type ThreadTask =
  | ({ readonly kind: "paths" } & PathCreditsTask)
  | TouchesTask
  | RecomputeTask;

/** The thread's answers: an error keeps its code only as data. */
export type ThreadReply =
  | { readonly credits: PathCredits }
  | { readonly recomputed: Recomputed | undefined }
  | { readonly taken: true }
  | { readonly unsolved: string }
  | { readonly tooLarge: string };

const facts = new FactsComputer(randomBytes(6).readUIntBE(0, 6));

/** The tasks of the thread that computes models over all journeys, and recomputes credits from facts. */
export function run(task: ThreadTask): ThreadReply {
  try {
    switch (task.kind) {
      case "paths":
        return { credits: creditPaths(task) };
      case "touches":
        facts.take(task);
        return { taken: true };
      case "recompute":
        return { recomputed: facts.run(task) };
    }
  } catch (error) {
    if (error instanceof AttributionError && error.code === "markov_unsolved") {
      return { unsolved: error.message };
    }
    if (error instanceof WarehouseError && error.code === "report_too_large") {
      return { tooLarge: error.message };
    }
    throw error;
  }
}
