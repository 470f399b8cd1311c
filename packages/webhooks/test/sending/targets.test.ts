import { EnvironmentError } from "@tributary/service";
import { describe, expect, it } from "vitest";
import { parseTargets } from "../../src/sending/targets.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

function refusal(targets: string, secrets: string): string {
  try {
    parseTargets(targets, secrets);
  } catch (error) {
    expect(error).toBeInstanceOf(EnvironmentError);
    return error instanceof Error ? error.message : "";
  }
  throw new Error("it was taken");
}

describe("TRIBUTARY_WEBHOOKS", () => {
  it("is pairs separated by spaces, lines, or commas before a pair: a URL may hold commas itself", () => {
    const pairs = "a=https://a.example/in?x=1,2\n b=https://b.example/,c=http://127.0.0.1:8000/c";
    const targets = parseTargets(pairs, `a=${SECRET} b=${SECRET},c=${SECRET}`);
    expect([...targets].map(([tenant, { url }]) => [tenant, url.href])).toEqual([
      ["a", "https://a.example/in?x=1,2"],
      ["b", "https://b.example/"],
      ["c", "http://127.0.0.1:8000/c"],
    ]);
    expect(parseTargets("", "").size).toBe(0);
  });

  it.each([
    ["a=http://a.example/", "TRIBUTARY_WEBHOOKS: tenant a: expected https://"],
    ["a=http://127.0.0.1.evil.example/", "TRIBUTARY_WEBHOOKS: tenant a: expected https://"],
    ["a=ftp://a.example/", "TRIBUTARY_WEBHOOKS: tenant a: expected https://"],
    ["a=file:///etc/passwd", "TRIBUTARY_WEBHOOKS: tenant a: expected https://"],
    ["a=https://u:p@a.example/", "TRIBUTARY_WEBHOOKS: tenant a: expected a URL without a user"],
    ["a=nothing", "TRIBUTARY_WEBHOOKS: the URL of tenant a cannot be read"],
    ["https://a.example/", "TRIBUTARY_WEBHOOKS: expected tenant=https://host/path pairs"],
    ["a=https://a.example/ a=https://b.example/", "TRIBUTARY_WEBHOOKS: tenant a is there twice"],
    [
      "b=https://b.example/ a=https://a.example/",
      "TRIBUTARY_WEBHOOK_SECRETS: expected a secret of tenant b",
    ],
  ])("refuses %s, and says why without the URL", (pairs, message) => {
    const said = refusal(pairs, `a=${SECRET}`);
    expect(said).toContain(message);
    expect(said).not.toMatch(/example|passwd/);
  });

  it.each(["http://localhost:1/", "http://[::1]:1/", "http://127.8.9.10/"])(
    "takes %s, which is this machine",
    (url) => {
      expect(parseTargets(`a=${url}`, `a=${SECRET}`).get("a")?.url.href).toBe(url);
    },
  );
});

describe("TRIBUTARY_WEBHOOK_SECRETS", () => {
  it("may hold two of a tenant, the new one first", () => {
    const targets = parseTargets("a=https://a.example/", `a=${OTHER} a=${SECRET}`);
    expect(targets.get("a")?.keys.map((key) => key[0])).toEqual([0, 0x31]);
  });

  it.each([
    ["a=whsec_short", "tenant a: expected whsec_ and the base64 of 24 to 64 bytes"],
    [`a=${SECRET} a=${SECRET} a=${SECRET}`, "tenant a: expected at most 2 secrets"],
    [`a=${SECRET} b=${SECRET}`, "tenant b has no URL in TRIBUTARY_WEBHOOKS"],
    [SECRET, "expected tenant=whsec_"],
  ])("refuses what it cannot use, and never repeats it: %#", (secrets, message) => {
    const said = refusal("a=https://a.example/", secrets);
    expect(said).toContain(`TRIBUTARY_WEBHOOK_SECRETS: ${message}`);
    expect(said).not.toMatch(/MfKQ|whsec_short/);
  });
});
