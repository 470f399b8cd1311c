import { AttributionError, readCustomModel, type CustomModel } from "@tributary/attribution";
import { z } from "zod";
import { refuse, text } from "./parameters.ts";

const MAX_CUSTOM_MODELS = 8;

/**
 * Models as data: JSON of one, or of an array of several.
 * @param taken names that they may not have
 */
export function customModels(taken: readonly string[]) {
  const schema = z
    .string()
    .meta({
      contentMediaType: "application/json",
      examples: ['{"name": "no_direct", "channels": {"direct": 0}}'],
    })
    .transform((given, context) => readModels(given, taken, context))
    .optional();
  return text(schema).describe(
    "models of one's own as JSON, one or an array, see docs/models.md; they come after the others",
  );
}

function readModels(
  text: string,
  taken: readonly string[],
  context: z.RefinementCtx,
): readonly CustomModel[] {
  const code = "custom_model_invalid";
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse(context, { code, reason: `expected JSON: ${reason}`, given: text });
  }
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0 || list.length > MAX_CUSTOM_MODELS) {
    const reason = `expected 1 to ${MAX_CUSTOM_MODELS} models`;
    return refuse(context, { code, reason, given: String(list.length) });
  }
  const models: CustomModel[] = [];
  for (const [i, model] of list.entries()) {
    try {
      models.push(readCustomModel(model, [...taken, ...models.map(({ name }) => name)]));
    } catch (error) {
      if (!(error instanceof AttributionError)) throw error;
      return refuseModel(context, Array.isArray(given) ? [i] : [], error);
    }
  }
  return models;
}

/** The model's own error names its field before a colon. @param place of the model in the list */
function refuseModel(
  context: z.RefinementCtx,
  place: readonly number[],
  { message }: AttributionError,
): never {
  const colon = message.indexOf(": ");
  const within = message.slice(0, colon);
  // Its texts are in quotes already, as ours will be.
  const [reason = "", given] = message.slice(colon + 2).split(", got ");
  const shown = given?.replace(/^"(.*)"$/s, "$1");
  const path = within === "model" ? place : [...place, within.replace(/^model\./, "")];
  return refuse(context, { code: "custom_model_invalid", reason, given: shown }, path);
}
