import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../../test/support/property-runs.ts";
import { redactText, redactUrl } from "../src/index.ts";

/** Starts every generated secret, so that a leak can be told from chance. */
const MARK = "hunter2";

describe("redactUrl", () => {
  test.for([
    ["redis://127.0.0.1:6379", "redis://127.0.0.1:6379"],
    ["redis://:secret@h:6379/0", "redis://:***@h:6379/0"],
    ["rediss://ann:secret@h:6380", "rediss://ann:***@h:6380"],
    ["redis://:pa/ss?w#o@rd@h:6379", "redis://:***@h:6379"],
    ["https://token@h/path", "https://***@h/path"],
    ["http://ann:se%40cret@clickhouse:8123/db", "http://ann:***@clickhouse:8123/db"],
    ["http://ann:se/cret@clickhouse:8123/db", "http://ann:***@clickhouse:8123/db"],
    [
      "http://h:8123/?user=ann&password=secret&database=x",
      "http://h:8123/?user=ann&password=[redacted]&database=x",
    ],
    ["https://h/unsubscribe?mail=ann@example.org", "https://h/unsubscribe?mail=ann@example.org"],
    ["ann:secret@h:6379", "ann:***@h:6379"],
    ["h1:6379", "h1:6379"],
    ["", ""],
  ] as const)("%s", ([url, shown]) => {
    expect(redactUrl(url)).toBe(shown);
  });

  test("never shows a password", () => {
    const scheme = fc.constantFrom("redis", "rediss", "http", "https", "clickhouse");
    const secret = fc.string().map((text) => MARK + text);
    fc.assert(
      fc.property(scheme, fc.constantFrom("", "ann"), secret, (name, user, password) => {
        expect(redactUrl(`${name}://${user}:${encodeURIComponent(password)}@host:1234/x`)).toBe(
          `${name}://${user}:***@host:1234/x`,
        );
        if (name.startsWith("http")) return;
        expect(redactUrl(`${name}://${user}:${password}@host:1234`)).not.toContain(MARK);
      }),
    );
  });
});

/** The random part of a key that `tributary keys create` makes. */
const KEY = "gL3k_9-xQ0aZbT7mWcVnYpEr5uHs2dFj";

describe("redactText", () => {
  test.for([
    ['{"authorization":"Basic YTpi","a":1}', '{"authorization":"[redacted]","a":1}'],
    ['{"Proxy-Authorization":"x"}', '{"Proxy-Authorization":"[redacted]"}'],
    ['{"set-cookie":["a=\\"]","b"],"n":1}', '{"set-cookie":"[redacted]","n":1}'],
    ['{"writeKeys":{"wk":"t}"},"n":1}', '{"writeKeys":"[redacted]","n":1}'],
    ['{"write_key":123,"n":1}', '{"write_key":"[redacted]","n":1}'],
    ['{"x-write-key":"a\\"b"}', '{"x-write-key":"[redacted]"}'],
    ['{"CLICKHOUSE_PASSWORD":"p","n":null}', '{"CLICKHOUSE_PASSWORD":"[redacted]","n":null}'],
    ['{"body":"{\\"writeKey\\":\\"a\\\\\\"b\\"}"}', '{"body":"{\\"writeKey\\":\\"[redacted]\\"}"}'],
    [
      '{"rawHeaders":["authorization","Bearer abc"]}',
      '{"rawHeaders":["authorization","[redacted]"]}',
    ],
    ['{"body":"{\\"password\\": 12}"}', '{"body":"{\\"password\\":\\"[redacted]\\"}"}'],
    [
      `refused tw_${KEY}, tr_${KEY} and te_${KEY}.`,
      "refused [redacted], [redacted] and [redacted].",
    ],
    [`GET /c/ti_${KEY}?url=x%2Fto_${KEY}`, "GET /c/[redacted]?url=x%2F[redacted]"],
    [`{"message":"a\\ntw_${KEY}"}`, '{"message":"a\\n[redacted]"}'],
    ["GET /c/own-key?url=https%3A%2F%2Fa", "GET /c/[redacted]?url=https%3A%2F%2Fa"],
    ["GET /p.gif?key=own-key&uid=u", "GET /p.gif?key=[redacted]&uid=u"],
    [`latest_tw_${KEY.slice(0, 12)} artw_${KEY}`, `latest_tw_${KEY.slice(0, 12)} artw_${KEY}`],
    ["secret whsec_AbC+/=123, next", "secret [redacted], next"],
    ["/home/ann/projects/x/src", "/home/ann/projects/x/src"],
    ["authorization: Bearer abc.def, next", "authorization: [redacted], next"],
    ["GET /v1/t?writeKey=abc&x=1", "GET /v1/t?writeKey=[redacted]&x=1"],
    ["GET /v1/projects/abc/settings", "GET /v1/projects/[redacted]/settings"],
    ["at redis://:a@h1:1,redis://u:b@h2:2 now", "at redis://:***@h1:1,redis://u:***@h2:2 now"],
    ["redis://:p/w@h1:1,redis://:x@h2:2", "redis://***@h1:1,redis://:***@h2:2"],
    ["https://example.org/?mail=a@b.org", "https://example.org/?mail=a@b.org"],
    ['{"fencingToken":7,"tokens":9,"passed":true}', '{"fencingToken":7,"tokens":9,"passed":true}'],
    ["the password was refused", "the password was refused"],
  ] as const)("%s", ([text, shown]) => {
    expect(redactText(text)).toBe(shown);
  });

  const secret = fc.string({ unit: "binary", maxLength: 40 }).map((text) => MARK + text);
  const key = fc.constantFrom(
    "authorization",
    "writeKey",
    "write_key",
    "password",
    "Cookie",
    "REDIS_PASSWORD",
    "x-api-key",
    "token",
  );

  test("no JSON string under a secret's name survives, and the line stays JSON", () => {
    fc.assert(
      fc.property(key, secret, fc.string(), (name, value, other) => {
        const line = JSON.stringify({ msg: other, deep: [{ [name]: value }], end: { other } });
        const shown = redactText(line);
        expect(shown).not.toContain(MARK);
        expect(JSON.parse(shown)).toHaveProperty("end");
      }),
    );
  });

  test("nor in JSON within a string", () => {
    fc.assert(
      fc.property(key, secret, (name, value) => {
        const line = JSON.stringify({ body: JSON.stringify({ a: 1, [name]: value, b: 2 }) });
        const shown = redactText(line);
        expect(shown).not.toContain(MARK);
        expect(JSON.parse(JSON.parse(shown).body)).toMatchObject({ a: 1, b: 2 });
      }),
    );
  });

  test("a value that is cut off is hidden as well", () => {
    expect(redactText('{"password":"hunter2')).not.toContain("hunter2");
    expect(redactText('{"cookie":["a","hunter2')).not.toContain("hunter2");
    const cut = JSON.stringify({ body: '{"writeKey":"hunter2' });
    expect(redactText(cut)).not.toContain("hunter2");
    expect(redactText(cut)).toMatch(/"}$/);
  });

  test("a long hostile line takes milliseconds", () => {
    const marks = ["a", "-", '"', "\\", "://", "@", "&", "=", "?", "/", ":", " ", "[", "{", ","];
    const names = ["password", '"token":', '\\"token\\":\\"', "redis://", "authorization:"];
    const piece = fc.constantFrom(...marks, ...names, '"basic ', "/v1/projects/");
    const pieces = fc.array(piece, { minLength: 1, maxLength: 4 }).map((all) => all.join(""));
    fc.assert(
      fc.property(pieces, fc.constantFrom("", '"', "@", "]"), (text, last) => {
        const line = text.repeat(Math.ceil(20_000 / text.length)) + last;
        const before = performance.now();
        redactText(line);
        redactUrl(line);
        expect(performance.now() - before).toBeLessThan(250);
      }),
      { numRuns: runs(1000) },
    );
  });
});
