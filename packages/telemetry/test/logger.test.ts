import { expect, test } from "vitest";
import { createLogger } from "../src/index.ts";
import { LogLines } from "./support/telemetry.ts";

function start() {
  const log = new LogLines();
  const logger = createLogger({
    service: "gateway",
    instance: "g-1",
    level: "debug",
    destination: log,
  });
  return { log, logger };
}

test("a line says when, how grave, who and what", () => {
  const { log, logger } = start();
  logger.warn({ lag_entries: 7 }, "behind");
  logger.trace("below the level");
  expect(log.parsed()).toEqual([
    {
      level: "warn",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      service: "gateway",
      instance: "g-1",
      lag_entries: 7,
      msg: "behind",
    },
  ]);
});

test("credentials are taken out wherever they are", () => {
  const { log, logger } = start();
  const secret = "hunter2";
  const headers = { authorization: `Basic ${secret}`, cookie: `id=${secret}`, host: "h" };
  logger.info({ req: { headers, body: { deep: [{ writeKey: secret }] } } }, "request");
  logger.child({ password: secret }).info("child");
  logger.info(`connecting to redis://:${secret}@h:6379`);
  logger.error(new Error(`connect failed: http://ann:${secret}@clickhouse:8123/`));
  logger.info(
    { url: `/v1/t?writeKey=${secret}`, raw: JSON.stringify({ writeKey: secret }) },
    "raw",
  );
  expect(log.text).toHaveLength(5);
  expect(log.text.join("")).not.toContain(secret);
  expect(log.parsed()[0]).toMatchObject({ req: { headers: { host: "h" } } });
});

test("an error keeps its stack and cause, but not the arguments of a Redis command", () => {
  const { log, logger } = start();
  const error = Object.assign(new Error("WRONGPASS", { cause: new Error("the cause") }), {
    command: { name: "auth", args: ["default", "hunter2"] },
  });
  logger.error({ err: error }, "redis refused");
  const [line] = log.parsed();
  expect(line).toMatchObject({ msg: "redis refused", err: { type: "Error", command: "auth" } });
  expect(JSON.stringify(line)).toContain("logger.test.ts");
  expect(JSON.stringify(line)).toContain("the cause");
  expect(JSON.stringify(line)).not.toContain("hunter2");
});
