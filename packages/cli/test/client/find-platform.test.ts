import { expect, test } from "vitest";
import { reportsUrlOf } from "../../src/client/find-platform.ts";

test("the reports of a gateway: as given, of the same platform, or one port above", () => {
  const running = { gatewayUrl: "http://127.0.0.1:8080", reportsUrl: "http://127.0.0.1:9000" };
  expect(reportsUrlOf("http://127.0.0.1:8080", "http://r", running)).toBe("http://r");
  expect(reportsUrlOf("http://127.0.0.1:8080", undefined, running)).toBe("http://127.0.0.1:9000");
  expect(reportsUrlOf("http://other:8080", undefined, running)).toBe("http://other:8081");
  expect(reportsUrlOf("http://other", undefined, undefined)).toBe("http://other:81");
});
