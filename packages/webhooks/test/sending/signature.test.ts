import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseSecret, signedHeaders } from "../../src/sending/signature.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

function keyOf(secret: string): Uint8Array {
  const key = parseSecret(secret);
  if (key === undefined) throw new Error("not a secret");
  return key;
}

it("signs as the test of Standard Webhooks has it", () => {
  // libraries/javascript/src/webhook.test.ts, "sign function works".
  const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
  expect(signedHeaders([keyOf(SECRET)], id, 1_614_265_330, '{"test": 2432232314}')).toEqual({
    "webhook-id": id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

it("signs with both secrets while one is replaced, the new one first", () => {
  const other = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const signed = (...secrets: string[]): string =>
    signedHeaders(secrets.map(keyOf), "whk_1", 1, "{}")["webhook-signature"];
  expect(signed(other, SECRET)).toBe(`${signed(other)} ${signed(SECRET)}`);
});

it("takes a secret of 24 to 64 bytes, and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 80 }), (bytes) => {
      const base64 = Buffer.from(bytes).toString("base64");
      const key = parseSecret(`whsec_${base64}`);
      const isGood = bytes.length >= 24 && bytes.length <= 64;
      expect(key === undefined ? undefined : Buffer.from(key).toString("base64")).toBe(
        isGood ? base64 : undefined,
      );
      expect(parseSecret(base64)).toBeUndefined();
    }),
  );
  expect(parseSecret("whsec_not base64 at all, but long enough for it")).toBeUndefined();
  // A last digit that stands for no whole byte.
  expect(parseSecret(`${SECRET}A`)).toBeUndefined();
});

it("any change of ID, time or body changes the signature", () => {
  const key = keyOf(SECRET);
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.string({ unit: "grapheme" }), (id, at, body) => {
      const expected = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
      expect(signedHeaders([key], id, at, body)["webhook-signature"]).toBe(`v1,${expected}`);
      const changed = signedHeaders([key], id, at, `${body} `);
      expect(changed["webhook-signature"]).not.toBe(`v1,${expected}`);
    }),
  );
});
