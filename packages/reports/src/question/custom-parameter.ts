import { AttributionError, readCustomModel, type CustomModel } from "@tributary/attribution";
import { refusal, single, type Parameter } from "./parameters.ts";
import type { ReportsError } from "../errors.ts";

const MAX_CUSTOM_MODELS = 8;

/**
 * Models as data: JSON of one, or of an array of several.
 * @param taken names that they may not have
 */
export function customModels(taken: readonly string[]): Parameter<readonly CustomModel[]> {
  return {
    description:
      "models of one's own as JSON, one or an array, see docs/models.md; they come after the others",
    schema: {
      type: "string",
      contentMediaType: "application/json",
      examples: ['{"name": "no_direct", "channels": {"direct": 0}}'],
    },
    read(value, field) {
      const text = single(field, value);
      return text === undefined ? [] : readModels(field, text, taken);
    },
  };
}

function readModels(field: string, text: string, taken: readonly string[]): CustomModel[] {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw refusal("custom_model_invalid", field, `expected JSON: ${reason}`, text);
  }
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0 || list.length > MAX_CUSTOM_MODELS) {
    const reason = `expected 1 to ${MAX_CUSTOM_MODELS} models`;
    throw refusal("custom_model_invalid", field, reason, String(list.length));
  }
  const models: CustomModel[] = [];
  for (const [i, model] of list.entries()) {
    const place = Array.isArray(given) ? `${field}[${i}]` : field;
    try {
      models.push(readCustomModel(model, [...taken, ...models.map(({ name }) => name)]));
    } catch (error) {
      throw error instanceof AttributionError ? asRefusal(place, error) : error;
    }
  }
  return models;
}

/** The model's own error names its field before a colon. */
function asRefusal(place: string, { message }: AttributionError): ReportsError {
  const colon = message.indexOf(": ");
  const within = message.slice(0, colon);
  const [reason = "", given] = message.slice(colon + 2).split(", got ");
  const field = within === "model" ? place : `${place}.${within.replace(/^model\./, "")}`;
  // Its texts are in quotes already, as ours will be.
  return refusal("custom_model_invalid", field, reason, given?.replace(/^"(.*)"$/s, "$1"));
}
