import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { EnvironmentError } from "@tributary/service";
import { EVERYBODY, type Tenants, tenantsSchema } from "./schema.ts";

/** Problems of a file that are named at once. */
const MAX_NAMED = 10;

/**
 * Reads the tenants' file.
 * @param variable that names it, for errors @param path "" for none
 * @throws EnvironmentError that names each field at fault and what was expected
 */
export function readTenants(variable: string, path: string): Tenants {
  if (path === "") return EVERYBODY;
  let text: string;
  let content: unknown;
  try {
    text = readFileSync(path, "utf8");
    content = JSON.parse(text);
  } catch (error) {
    throw new EnvironmentError(
      variable,
      `${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const read = tenantsSchema.safeParse(content);
  if (!read.success) {
    const { issues } = read.error;
    const named = issues
      .slice(0, MAX_NAMED)
      .map(
        ({ path: field, message }) => `${field.map(String).join(".") || "the file"}: ${message}`,
      );
    const more = issues.length > MAX_NAMED ? [`${issues.length - MAX_NAMED} more`] : [];
    throw new EnvironmentError(variable, `${path}: ${[...named, ...more].join("; ")}`);
  }
  return Object.freeze({
    digest: createHash("sha256").update(text).digest("hex").slice(0, 12),
    byName: new Map(Object.entries(read.data.tenants)),
  });
}
