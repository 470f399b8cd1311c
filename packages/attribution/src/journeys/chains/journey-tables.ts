import type { JourneyOptions } from "../settings/options.ts";
import type { TenantWindows } from "../settings/tenant-windows.ts";
import type { FactTable } from "../tables/fact-table.ts";
import type { PurchaseTable } from "../tables/purchase-table.ts";
import type { UserTable } from "../tables/user-table.ts";
import type { Vocabulary } from "../vocabulary/vocabulary.ts";

/** What a partition holds of its journeys, and the settings that they follow. A chain has the number of its user key. */
export interface JourneyTables {
  readonly options: JourneyOptions;
  readonly windows: TenantWindows;
  readonly vocabulary: Vocabulary;
  readonly users: UserTable;
  readonly facts: FactTable;
  readonly purchases: PurchaseTable;
}
