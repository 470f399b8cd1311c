import { readFileSync } from "node:fs";

/** What each package may import of ours: the table of CONTRIBUTING.md, for the tests to compare with. */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  attribution: ["protocol"],
  imports: ["protocol"],
  oracle: [],
  plots: [],
  service: [],
  telemetry: ["service"],
  streams: ["protocol", "service", "telemetry"],
  tenants: ["protocol", "service"],
  warehouse: ["attribution", "protocol"],
  gateway: ["protocol", "service", "streams", "telemetry", "tenants"],
  worker: ["attribution", "protocol", "service", "streams", "telemetry", "tenants"],
  reports: [
    "attribution",
    "imports",
    "oracle",
    "protocol",
    "service",
    "streams",
    "telemetry",
    "tenants",
    "warehouse",
  ],
  webhooks: ["attribution", "protocol", "service", "streams", "telemetry"],
  sdk: ["protocol"],
  platform: ["gateway", "reports", "service", "streams", "webhooks", "worker"],
  lab: ["attribution", "oracle", "platform", "protocol", "reports", "streams", "warehouse"],
  cli: [
    "attribution",
    "gateway",
    "imports",
    "lab",
    "oracle",
    "platform",
    "plots",
    "protocol",
    "reports",
    "sdk",
    "service",
    "streams",
    "telemetry",
    "tenants",
    "warehouse",
    "webhooks",
    "worker",
  ],
};

export const packageNames = Object.keys(allowedImports);

/** These do no I/O and know no clock, randomness, process or timers. */
export const purePackages = ["protocol", "attribution", "oracle", "plots"];

/** Of these, `src` may take types only: what a browser loads has nothing but its own. */
export const typesOnly: Readonly<Record<string, readonly string[]>> = { sdk: ["protocol"] };

/** By folder inside `packages`, its floors from the top down, each with the names that stand on it. */
export const FLOORS = JSON.parse(
  readFileSync(new URL("../../../lint/floors.json", import.meta.url), "utf8"),
) as Readonly<Record<string, readonly string[]>>;
