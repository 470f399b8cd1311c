import { expect, test } from "vitest";
import { createCollectorReport } from "../../src/tracing/collector-report.ts";
import { createLogger } from "../../src/index.ts";
import { LogLines } from "../support/telemetry.ts";

function start() {
  const clock = { nowMs: 5 };
  const log = new LogLines();
  const logger = createLogger({ service: "s", instance: "i", level: "debug", destination: log });
  const target = {
    shown: "http://jaeger/api/traces",
    advice: "set X",
    create: () => {
      throw new Error("not used");
    },
  };
  return { clock, log, report: createCollectorReport(logger, target, () => clock.nowMs) };
}

const AWAY = "traces are not collected: no answer from http://jaeger/api/traces; set X";
const error = new Error("connect ECONNREFUSED");

test("one line a minute: info first, then quietly as long as no collector has ever answered", () => {
  const { clock, log, report } = start();
  for (let second = 0; second < 150; second++) {
    report.failed(error, 2);
    clock.nowMs += 1000;
  }
  expect(log.messages()).toEqual([`info: ${AWAY}`, `debug: ${AWAY}`, `debug: ${AWAY}`]);
  expect(log.parsed().map((line) => line["lost_spans"])).toEqual([2, 120, 120]);
  expect(log.parsed()[0]?.["reason"]).toBe("connect ECONNREFUSED");
});

test("a collector that went away is a warning from the second minute on, and its return is said", () => {
  const { clock, log, report } = start();
  report.exported();
  report.failed(error, 1);
  clock.nowMs += 60_000;
  report.failed(error, 1);
  report.failed(error, 5);
  report.exported();
  report.exported();
  expect(log.messages()).toEqual([
    `info: ${AWAY}`,
    `warn: ${AWAY}`,
    "info: traces are collected again by http://jaeger/api/traces",
  ]);
  expect(log.parsed().map((line) => line["lost_spans"])).toEqual([1, 1, 5]);
});

test("a collector that comes and goes each second does not fill the log", () => {
  const { clock, log, report } = start();
  for (let second = 0; second < 120; second++) {
    report.failed(error, 1);
    report.exported();
    clock.nowMs += 1000;
  }
  expect(log.text).toHaveLength(4);
});

test("a full queue is said once a minute, and not at all beside a collector that is away", () => {
  const { clock, log, report } = start();
  for (let i = 0; i < 1000; i++) report.dropped(1);
  clock.nowMs += 60_000;
  report.dropped(1);
  report.failed(error, 1);
  clock.nowMs += 60_000;
  report.dropped(1);
  expect(log.parsed().map((line) => [line["msg"], line["lost_spans"]])).toEqual([
    [expect.stringContaining("the queue is full"), 1],
    [expect.stringContaining("the queue is full"), 1000],
  ]);
});

test("an answer is told from silence", () => {
  for (const refusal of [
    new Error("error sending spans over HTTP: server responded with HTTP 401"),
    Object.assign(new Error("Unauthorized"), { code: 401 }),
  ]) {
    const { log, report } = start();
    report.failed(refusal, 1);
    expect(log.messages()[0]).toContain("http://jaeger/api/traces answered HTTP 401; set X");
  }
});
