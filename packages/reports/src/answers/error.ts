import { z } from "zod";

export const errorSchema = z.object({
  error: z.object({
    code: z.string(),
    reason: z.string(),
    field: z.string().optional().describe("the parameter at fault"),
    given: z.string().optional().describe("what it held, shortened"),
    allowed: z.array(z.string()).optional(),
  }),
});
