/** Listens as a service does that a platform started. */
import { createServer } from "node:http";
import { listen, listenConfig } from "../../src/listen.ts";
import { listenSettings, readEnvironment } from "../../src/environment.ts";
import { z } from "zod";

const server = createServer();
const config = listenConfig(readEnvironment(z.object(listenSettings(0)), process.env));
await listen(
  {
    listen: async ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host, port }, () => resolve(`http://${host}:${port}`));
      }),
  },
  config,
);
