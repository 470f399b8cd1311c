import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ResponseReader } from "../../../src/bench/load/response-reader.ts";

const answer = (status: number, body: string): string =>
  `HTTP/1.1 ${status} Word\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test("finds every answer's status, wherever the chunks break", () => {
  const status = fc.constantFrom(202, 400, 429, 503);
  const answers = fc.array(fc.tuple(status, fc.string({ unit: "grapheme-ascii" })), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(answers, fc.array(fc.nat({ max: 600 }), { maxLength: 8 }), (sent, cuts) => {
      const bytes = Buffer.from(sent.map(([code, body]) => answer(code, body)).join(""));
      const found: number[] = [];
      const reader = new ResponseReader((code) => found.push(code));
      let from = 0;
      for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
        reader.take(bytes.subarray(from, Math.max(from, cut)));
        from = Math.max(from, cut);
      }
      expect(found).toEqual(sent.map(([code]) => code));
    }),
  );
});

test("an answer without a length is an error", () => {
  const reader = new ResponseReader(() => undefined);
  expect(() => reader.take(Buffer.from("HTTP/1.1 202 Accepted\r\n\r\n"))).toThrow(
    "not an answer with a content-length",
  );
});
