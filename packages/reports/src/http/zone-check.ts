import type { WarehouseEngine } from "@tributary/warehouse";
import type { ReportsServer } from "./open-api.ts";

/**
 * Has the warehouse refuse a time zone that it does not know before a question is asked: the runtime knows others, and a report
 * without rows would never find out.
 * @throws WarehouseError `time_zone_unknown`, within a request
 */
export function checkZones(server: ReportsServer, engine: WarehouseEngine): void {
  // Bounded by the zones that the runtime knows: parameters hold no others.
  const known = new Set<string>(["UTC"]);
  server.addHook("preHandler", async (request) => {
    const { timeZone } = request.query as { readonly timeZone?: unknown };
    if (typeof timeZone !== "string" || known.has(timeZone)) return;
    await engine.query("SELECT toDateTime(0, {time_zone:String}) AS midnight", {
      time_zone: timeZone,
    });
    known.add(timeZone);
  });
}
