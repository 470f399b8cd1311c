import { fileURLToPath } from "node:url";

const fake = fileURLToPath(new URL("./fake-service.ts", import.meta.url));

/** The stand-in as each of the services. */
export const fakeMains = { gateway: fake, worker: fake, reports: fake, webhooks: fake };
