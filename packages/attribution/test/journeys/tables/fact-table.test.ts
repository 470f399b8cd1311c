import {
  EventRow,
  FLAG_ID_UUID,
  FLAG_TYPE_MASK,
  TYPE_CLICK,
  TYPE_IMPRESSION,
} from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { DimensionTuples } from "../../../src/journeys/tables/dimension-tuples.ts";
import { FactTable } from "../../../src/journeys/tables/fact-table.ts";
import { columnsOf } from "../support.ts";

const FACTS = 20_000;

function rowOf(id: string, flags = TYPE_CLICK): EventRow {
  const row = new EventRow();
  row.id = Buffer.from(`.${id}`);
  row.idStart = 1;
  row.idLength = row.id.length - 1;
  row.flags = flags;
  row.user = Buffer.from("u");
  row.userLength = 1;
  row.tenant = 1;
  return row;
}
function append(facts: FactTable, row: EventRow, time: number, older: number): number {
  row.time = time;
  const columns = columnsOf(row);
  facts.stage(columns, 0, 1);
  return facts.append(columns, 0, 0, row.flags & FLAG_TYPE_MASK, 7, older);
}

describe("the table of facts", () => {
  it("gives every fact back as it was, over many pages", () => {
    const facts = new FactTable(new DimensionTuples(77), 77);
    const all = Array.from({ length: FACTS }, (_, i) => ({
      // In the record and beside it.
      id: `${i}${"y".repeat((i * 7919) % 30)}`,
      time: (i * 7_777_777_777_777) % 2 ** 48,
      type: i % 2 === 0 ? TYPE_CLICK : TYPE_IMPRESSION,
    }));
    for (const [i, { id, time, type }] of all.entries()) {
      expect(append(facts, rowOf(id, type), time, i - 1)).toBe(i);
    }
    const row = new EventRow();
    for (const [i, { id, time, type }] of all.entries()) {
      facts.load(i, row);
      const text = Buffer.from(row.id.subarray(row.idStart, row.idStart + row.idLength)).toString();
      expect([text, row.time, row.flags, facts.olderThan(i), facts.referenceOf(i)]).toEqual([
        id,
        time,
        type,
        i - 1,
        7,
      ]);
    }
  });

  it("never denies an ID that it holds, and mostly denies others", () => {
    const facts = new FactTable(new DimensionTuples(77), 77);
    const idOf = (i: number): string => (i % 3 === 0 ? `a-rather-long-identifier-${i}` : `e${i}`);
    for (let i = 0; i < FACTS; i += 1) {
      append(facts, rowOf(idOf(i)), i, -1);
      if (i % 7 !== 0) continue;
      // Also while the filter's successor is being filled.
      facts.stage(columnsOf(rowOf(idOf((i * 31) % (i + 1)))), 0, 1);
      expect(facts.mayHoldId(0)).toBe(true);
    }
    let wrong = 0;
    for (let i = 0; i < FACTS * 2; i += 1) {
      facts.stage(columnsOf(rowOf(idOf(i))), 0, 1);
      const may = facts.mayHoldId(0);
      if (i < FACTS) expect(may && facts.idMatches(i, 0)).toBe(true);
      else if (may) wrong += 1;
    }
    expect(wrong).toBeLessThan(FACTS * 0.1);
  });

  it("keeps a UUID apart from a text of the same bytes", () => {
    const facts = new FactTable(new DimensionTuples(77), 77);
    const bytes = "0123456789abcde\x0f";
    append(facts, rowOf(bytes, TYPE_CLICK | FLAG_ID_UUID), 1, -1);
    facts.stage(columnsOf(rowOf(bytes.slice(0, 15))), 0, 1);
    expect(facts.idMatches(0, 0)).toBe(false);
    facts.stage(columnsOf(rowOf(bytes, TYPE_CLICK | FLAG_ID_UUID)), 0, 1);
    expect(facts.idMatches(0, 0)).toBe(true);
  });
});
