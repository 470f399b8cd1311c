import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ReportsError } from "./errors.ts";

/** Tenant where no keys are configured. */
export const OPEN_TENANT = "default";

/** Finds the tenant that a request may read. */
export class ReadAccess {
  /** By the key's hash, so that a look-up takes the same time whatever part of a key is right. */
  readonly #tenants = new Map<string, string>();

  /** @param keys tenants by read key; empty takes every request as tenant `default` */
  constructor(keys: ReadonlyMap<string, string>) {
    for (const [key, tenant] of keys) this.#tenants.set(hash(key), tenant);
  }

  /** @throws ReportsError `unauthorized` */
  tenantOf(headers: IncomingHttpHeaders): string {
    if (this.#tenants.size === 0) return OPEN_TENANT;
    const key = readKeyOf(headers);
    if (key === undefined) {
      throw new ReportsError(
        "unauthorized",
        "a read key is needed, as Authorization: Bearer KEY, as user of Authorization: Basic, or as X-Read-Key",
      );
    }
    const tenant = this.#tenants.get(hash(key));
    if (tenant === undefined) throw new ReportsError("unauthorized", "the read key is not known");
    return tenant;
  }
}

function readKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const own = headers["x-read-key"];
  if (typeof own === "string" && own !== "") return own;
  const [scheme, ...rest] = (headers.authorization ?? "").split(" ");
  const credentials = rest.join(" ").trim();
  if (credentials === "") return undefined;
  if (scheme?.toLowerCase() === "bearer") return credentials;
  if (scheme?.toLowerCase() !== "basic") return undefined;
  // The key is the user name and the password is empty; a key may itself hold colons.
  const decoded = Buffer.from(credentials, "base64").toString("utf8");
  return decoded.endsWith(":") ? decoded.slice(0, -1) : decoded;
}

function hash(key: string): string {
  return createHash("sha256").update(key).digest("base64");
}
