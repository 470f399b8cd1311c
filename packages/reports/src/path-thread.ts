import { AttributionError } from "@tributary/attribution";
import { creditPaths, type PathCredits, type PathCreditsTask } from "./path-credits.ts";

/** What the thread answers: an error keeps its code only as data. */
export type PathThreadReply = { readonly credits: PathCredits } | { readonly unsolved: string };

/** The task of the thread that computes models over all journeys. */
export function run(task: PathCreditsTask): PathThreadReply {
  try {
    return { credits: creditPaths(task) };
  } catch (error) {
    if (error instanceof AttributionError && error.code === "markov_unsolved") {
      return { unsolved: error.message };
    }
    throw error;
  }
}
