import { randomUUID } from "node:crypto";
import type { ResultBody } from "./payload.ts";

/** An ID of its own for each example: a receiver that knows one would leave the next out. */
export function exampleId(): string {
  return `whk_test_${randomUUID()}`;
}

/**
 * A body as a tenant's conversions have it, of the type `test`: of no conversion that there was.
 * @param now ms since 1970
 */
export function exampleBody(tenant: string, now: number): string {
  const body: ResultBody = {
    type: "test",
    timestamp: new Date(now).toISOString(),
    data: {
      tenant,
      key: "example-key",
      id: "example-conversion",
      orderId: "example-order",
      name: "purchase",
      time: now,
      userKey: "example-user",
      anonymous: false,
      value: "100",
      currency: "EUR",
      generation: 0,
      revision: 0,
      reason: "first",
      attributedAt: now,
      traceId: "",
      touchpoints: [
        {
          index: 1,
          id: "example-click",
          type: "click",
          time: now - 3_600_000,
          source: "news",
          medium: "email",
          campaign: "spring",
          term: "",
          content: "",
          channel: "email",
        },
      ],
      credits: [{ model: "last_touch", touch: 1, credit: "1", value: "100" }],
    },
  };
  return JSON.stringify(body);
}
