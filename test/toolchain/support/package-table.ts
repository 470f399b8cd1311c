/** What each package may import of ours: the table of CONTRIBUTING.md, for the tests to compare with. */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  attribution: ["protocol"],
  telemetry: [],
  streams: ["protocol", "telemetry"],
  warehouse: ["attribution", "protocol"],
  gateway: ["protocol", "streams", "telemetry"],
  worker: ["attribution", "protocol", "streams", "telemetry"],
  reports: ["attribution", "protocol", "streams", "telemetry", "warehouse"],
  cli: [
    "attribution",
    "gateway",
    "protocol",
    "reports",
    "streams",
    "telemetry",
    "warehouse",
    "worker",
  ],
};

export const packageNames = Object.keys(allowedImports);

/** These do no I/O and know no clock, randomness, process or timers. */
export const purePackages = ["protocol", "attribution"];
