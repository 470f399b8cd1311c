import { EventRow, FLAG_ID_UUID, TYPE_CLICK, TYPE_IMPRESSION } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { FactTable, kindOf } from "../../src/journeys/fact-table.ts";

const FACTS = 20_000;
const HASHES = new Int32Array(1);

function rowOf(id: string, flags = TYPE_CLICK): EventRow {
  const row = new EventRow();
  row.id = Buffer.from(`.${id}`);
  row.idStart = 1;
  row.idLength = row.id.length - 1;
  row.flags = flags;
  return row;
}
function append(facts: FactTable, row: EventRow, time: number, older: number): number {
  facts.hashIds([row], 1, HASHES);
  return facts.append(time, kindOf(row, facts.ids.stage(row)), 7, older, HASHES[0] ?? 0);
}

describe("the table of facts", () => {
  it("gives every fact back as it was, over many pages", () => {
    const facts = new FactTable();
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
    const facts = new FactTable();
    const idOf = (i: number): string => (i % 3 === 0 ? `a-rather-long-identifier-${i}` : `e${i}`);
    for (let i = 0; i < FACTS; i += 1) append(facts, rowOf(idOf(i)), i, -1);
    let wrong = 0;
    for (let i = 0; i < FACTS * 2; i += 1) {
      facts.hashIds([rowOf(idOf(i))], 1, HASHES);
      const may = facts.mayHoldId(HASHES[0] ?? 0);
      facts.ids.stage(rowOf(idOf(i)));
      if (i < FACTS) expect(may && facts.idMatches(i)).toBe(true);
      else if (may) wrong += 1;
    }
    expect(wrong).toBeLessThan(FACTS * 0.1);
  });

  it("keeps a UUID apart from a text of the same bytes", () => {
    const facts = new FactTable();
    const bytes = "0123456789abcde\x0f";
    append(facts, rowOf(bytes, TYPE_CLICK | FLAG_ID_UUID), 1, -1);
    facts.ids.stage(rowOf(bytes.slice(0, 15)));
    expect(facts.idMatches(0)).toBe(false);
    facts.ids.stage(rowOf(bytes, TYPE_CLICK | FLAG_ID_UUID));
    expect(facts.idMatches(0)).toBe(true);
  });
});
