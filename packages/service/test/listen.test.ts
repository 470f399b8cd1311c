import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { listenSettings, readEnvironment } from "../src/environment.ts";
import { listen, listenConfig } from "../src/listen.ts";

/** Listens on a port of 127.0.0.1; fails where it is taken. */
function serve(server: Server, port: number): Promise<number> {
  onTestFinished(() => void server.close());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

function config(env: Readonly<Record<string, string>>) {
  return listenConfig(readEnvironment(z.object(listenSettings(8080)), env));
}

const listener = {
  listen: async ({ port }: { readonly port: number }) =>
    `http://127.0.0.1:${await serve(createServer(), port)}`,
};

test("listens where it is configured to, by default on 127.0.0.1 and one port alone", () => {
  expect(config({})).toEqual({
    host: "127.0.0.1",
    port: 8080,
    portTries: 1,
    instanceId: undefined,
  });
  const env = { TRIBUTARY_PORT: "7", TRIBUTARY_PORT_TRIES: "9", TRIBUTARY_INSTANCE_ID: "a" };
  expect(config(env)).toMatchObject({ port: 7, portTries: 9, instanceId: "a" });
});

test("takes the next free port where more than one may be tried", async () => {
  const taken = await serve(createServer(), 0);
  const TRIBUTARY_PORT = String(taken);
  const address = await listen(listener, config({ TRIBUTARY_PORT, TRIBUTARY_PORT_TRIES: "50" }));
  expect(Number(new URL(address).port)).toBeGreaterThan(taken);
  await expect(listen(listener, config({ TRIBUTARY_PORT }))).rejects.toMatchObject({
    variable: "TRIBUTARY_PORT",
    message: `TRIBUTARY_PORT: port ${taken} is taken by another program`,
  });
});

test("asks who started it for its port, binds it once it is released, and says so", async () => {
  const holder = createServer();
  const port = await serve(holder, 0);
  const program = fileURLToPath(new URL("./support/listening-child.ts", import.meta.url));
  const env = { ...process.env, TRIBUTARY_PORT: String(port), TRIBUTARY_INSTANCE_ID: "a" };
  const child = fork(program, { env });
  onTestFinished(() => void child.kill("SIGKILL"));
  expect(await once(child, "message")).toEqual([{ kind: "binds" }, undefined]);
  holder.close();
  child.send({ kind: "port_released" });
  expect(await once(child, "message")).toEqual([{ kind: "listens", port }, undefined]);
});
