import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes a tenants' file. @returns its path, for TRIBUTARY_TENANTS_FILE */
export function tenantsFile(dir: string, tenants: Readonly<Record<string, unknown>>): string {
  const path = join(dir, "tenants.json");
  writeFileSync(path, JSON.stringify({ version: 1, tenants }));
  return path;
}
