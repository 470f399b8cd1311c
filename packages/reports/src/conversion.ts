import { findConversion, type ConversionDetail, type WarehouseEngine } from "@tributary/warehouse";
import { ReportsError } from "./errors.ts";

/**
 * A conversion by its event ID or order ID.
 * @param asOf as it was then, ms since 1970
 * @throws ReportsError `not_found`, WarehouseError
 */
export async function requireConversion(
  engine: WarehouseEngine,
  tenant: string,
  idOrOrderId: string,
  asOf: number | undefined,
): Promise<ConversionDetail> {
  const found = await findConversion(engine, tenant, idOrOrderId, asOf);
  if (found !== undefined) return found;
  const then = asOf === undefined ? "" : ` as of ${new Date(asOf).toISOString()}`;
  throw new ReportsError(
    "not_found",
    `no attributed conversion has the ID or order ID "${idOrOrderId.slice(0, 64)}"${then}`,
  );
}
