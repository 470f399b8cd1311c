import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";

test("defaults", () => {
  const config = readConfig({});
  expect(config).toMatchObject({
    redisUrl: "redis://127.0.0.1:6379",
    host: "127.0.0.1",
    port: 8081,
    partitions: 16,
    dataDir: ".tributary",
    clickhouseUrl: undefined,
    readKeys: new Map(),
    loadIntervalMs: 100,
    loadMaxEntries: 64,
    loadMaxReadBytes: 32 << 20,
    loadStallMs: 30_000,
    queryTimeoutMs: 30_000,
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test("what is set is taken; empty is unset", () => {
  const config = readConfig({
    TRIBUTARY_HOST: "0.0.0.0",
    TRIBUTARY_PORT: "0",
    TRIBUTARY_READ_KEYS: "a=b=shop, k2=other ,",
    CLICKHOUSE_URL: "http://u:p@127.0.0.1:8123",
    TRIBUTARY_PARTITIONS: "",
  });
  expect(config).toMatchObject({
    port: 0,
    partitions: 16,
    clickhouseUrl: "http://u:p@127.0.0.1:8123",
  });
  expect([...config.readKeys]).toEqual([
    ["a=b", "shop"],
    ["k2", "other"],
  ]);
});

test.for([
  [{}, true],
  [{ TRIBUTARY_HOST: "::1" }, true],
  [{ TRIBUTARY_HOST: "0.0.0.0", TRIBUTARY_READ_KEYS: "k=shop" }, false],
  [{ TRIBUTARY_READ_KEYS: "k=shop" }, false],
  [{ TRIBUTARY_READ_KEYS: "redis" }, false],
  [{ TRIBUTARY_ERASE_KEYS: "redis" }, false],
] as const)("%j: people are erased without a key: %j", ([env, isOpen]) => {
  const config = readConfig(env);
  expect(config.isEraseOpen).toBe(isOpen);
  expect(config.eraseKeys.size).toBe(0);
  const keys = readConfig({ ...env, TRIBUTARY_ERASE_KEYS: "e=shop" }).eraseKeys;
  expect([...keys]).toEqual([["e", "shop"]]);
  const imports = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name.replace("ERASE", "IMPORT"), value]),
  );
  expect(readConfig(imports).isImportOpen).toBe(isOpen);
});

test.for([
  [{ TRIBUTARY_PORT: "80a" }, 'TRIBUTARY_PORT: expected a whole number from 0 to 65535, got "80a"'],
  [{ TRIBUTARY_PARTITIONS: "0" }, "TRIBUTARY_PARTITIONS: expected a whole number from 1 to 1024"],
  [{ TRIBUTARY_LOAD_INTERVAL_MS: "1.5" }, "TRIBUTARY_LOAD_INTERVAL_MS: expected a whole number"],
  [{ TRIBUTARY_READ_KEYS: "secret" }, "TRIBUTARY_READ_KEYS: expected key=tenant pairs"],
  [{ TRIBUTARY_READ_KEYS: "secret=no tenant" }, "TRIBUTARY_READ_KEYS: expected key=tenant pairs"],
  [{ TRIBUTARY_HOST: "0.0.0.0" }, "TRIBUTARY_READ_KEYS: expected key=tenant pairs, or redis"],
  [{ TRIBUTARY_ERASE_KEYS: "secret" }, "TRIBUTARY_ERASE_KEYS: expected key=tenant pairs"],
  [{ TRIBUTARY_LOG_LEVEL: "loud" }, "TRIBUTARY_LOG_LEVEL"],
] as const)("%o is refused by name", ([env, message]) => {
  const read = () => readConfig(env);
  expect(read).toThrow(message);
  expect(read).toThrow(expect.objectContaining({ code: "config_invalid" }));
  expect(read).not.toThrow("secret");
});
