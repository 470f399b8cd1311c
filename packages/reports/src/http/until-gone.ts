import type { WarehouseEngine } from "@tributary/warehouse";
import { ReportsError } from "../errors.ts";

/** An engine that begins no further statement of a question when nobody waits for its answer any more. */
export function untilGone(engine: WarehouseEngine, gone: AbortSignal): WarehouseEngine {
  const check = (): void => {
    if (gone.aborted) throw new ReportsError("busy", "the asker is gone");
  };
  const checked =
    <Arguments extends unknown[], Answer>(run: (...given: Arguments) => Promise<Answer>) =>
    async (...given: Arguments): Promise<Answer> => {
      check();
      return run(...given);
    };
  return {
    get statements() {
      return engine.statements;
    },
    query: async <T>(...given: Parameters<WarehouseEngine["query"]>) => {
      check();
      return engine.query<T>(...given);
    },
    queryArrow: checked(async (...given) => engine.queryArrow(...given)),
    queryParquet: checked(async (...given) => engine.queryParquet(...given)),
    exportParquet: checked(async (...given) => engine.exportParquet(...given)),
    dataVersion: checked(async () => engine.dataVersion()),
    command: checked(async (...given) => engine.command(...given)),
    insertRowBinary: checked(async (...given) => engine.insertRowBinary(...given)),
    ping: checked(async () => engine.ping()),
    close: checked(async () => engine.close()),
  };
}
