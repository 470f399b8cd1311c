import { expect, onTestFinished, test } from "vitest";
import { HeldPort, holdPortFrom } from "../../src/processes/ports.ts";
import { ServiceAddress } from "../../src/services/service-address.ts";

async function isFree(port: number): Promise<boolean> {
  const held = await HeldPort.take(port);
  await held?.release();
  return held !== undefined;
}

async function anyAddress(isExact = false): Promise<{ address: ServiceAddress; port: number }> {
  const held = await holdPortFrom(0, "gateway");
  const address = new ServiceAddress(held, isExact);
  onTestFinished(async () => address.letGo());
  return { address, port: held.port };
}

test("holds the port until the process asks for it", async () => {
  const { address, port } = await anyAddress();
  expect(await isFree(port)).toBe(false);
  expect(address.variables).toMatchObject({
    TRIBUTARY_PORT: String(port),
    TRIBUTARY_PORT_TRIES: "100",
  });
  const answer = await new Promise<object>((resolve) => address.heard({ kind: "binds" }, resolve));
  expect(answer).toEqual({ kind: "port_released" });
  expect(await isFree(port)).toBe(true);
});

test("is where the process says, and holds that port while the process is started again", async () => {
  const { address, port } = await anyAddress();
  await new Promise<object>((resolve) => address.heard({ kind: "binds" }, resolve));
  expect(address.isKnown).toBe(false);
  address.heard({ kind: "another program's" }, () => undefined);
  address.heard({ kind: "listens", port: port + 1 }, () => undefined);
  expect(address.isKnown).toBe(true);
  expect(address.url).toBe(`http://127.0.0.1:${port + 1}`);

  address.keep();
  await expect.poll(async () => isFree(port + 1)).toBe(false);
  expect(address.variables).toMatchObject({
    TRIBUTARY_PORT: String(port + 1),
    TRIBUTARY_PORT_TRIES: "1",
  });
  await address.letGo();
  expect(await isFree(port + 1)).toBe(true);
});

test("tries no other port where that one was asked for", async () => {
  const { address } = await anyAddress(true);
  expect(address.variables).toMatchObject({ TRIBUTARY_PORT_TRIES: "1" });
});
