import { gzipSync, zstdCompressSync } from "node:zlib";
import { Packr } from "msgpackr";
import { expect, test } from "vitest";
import { readCsv } from "../../../src/replay/sources/csv-source.ts";
import { parseFieldMap } from "../../../src/replay/sources/field-map.ts";
import { contentPrefix, contentSize } from "../../../src/replay/sources/file-content.ts";
import { detectFormat } from "../../../src/replay/open-source.ts";
import { readMsgpack } from "../../../src/replay/sources/msgpack-source.ts";
import { readNdjson } from "../../../src/replay/sources/ndjson-source.ts";
import { PATHS_HEADER } from "../../../src/replay/sources/paths-source.ts";
import { sourceFile } from "../../../../../test/support/data-dir.ts";
import { readAll } from "../../support/read-all.ts";

const T = 1_700_000_000_000;

test("CSV: columns as fields, quoted cells, IDs from the content and the line", async () => {
  const path = sourceFile(
    "a.csv",
    `\ufeffuser,time,type,campaign,extra\nu1,${T},click,"say ""hi"", you",x\n\nu2,1700000000,conversion,,\n`,
  );
  const prefix = await contentPrefix(path);
  const { events, rejected } = await readAll(readCsv(path, undefined, prefix));
  expect(prefix).toMatch(/^[0-9a-f]{8}$/);
  expect(rejected).toEqual([]);
  expect(events).toEqual([
    {
      line: 2,
      event: {
        id: `${prefix}-000000000002`,
        type: "click",
        time: T,
        userId: "u1",
        campaign: 'say "hi", you',
      },
    },
    { line: 4, event: { id: `${prefix}-000000000004`, type: "conversion", time: T, userId: "u2" } },
  ]);
});

test("CSV: a bad row is rejected with its line, its neighbours are taken", async () => {
  const map = parseFieldMap("id=n,user=who,time=when,type=@click");
  const path = sourceFile(
    "b.csv",
    `n,who,when\n1,a,${T}\n2,b\n3,"c"d,${T}\n4,d,never\n5,e,${T}\n6,"open,${T}\n`,
  );
  const { events, rejected } = await readAll(readCsv(path, map, "p"));
  expect(events.map(({ line, event }) => [line, event.id, event.userId])).toEqual([
    [2, "1", "a"],
    [4, "3", '"c"d'],
    [6, "5", "e"],
  ]);
  expect(rejected.map(({ line, field }) => [line, field])).toEqual([
    [3, "event"],
    [5, "time"],
    [7, "event"],
  ]);
});

test("CSV: a map that names no column of the file, and a file without what an event needs, are bad usage", async () => {
  const path = sourceFile("c.csv", "who,when\n");
  const map = parseFieldMap("user=whom,time=when,type=@click");
  await expect(readAll(readCsv(path, map, "p"))).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("no such column; it has who, when") as string,
  });
  await expect(readAll(readCsv(path, undefined, "p"))).rejects.toThrow(
    "no column for type, time, user or anonymous",
  );
  await expect(readAll(readCsv(sourceFile("d.csv", ""), undefined, "p"))).rejects.toThrow(
    "is empty",
  );
});

test("NDJSON: events as they are, with time and ID brought in order, bad lines rejected", async () => {
  const lines = [
    JSON.stringify({ id: "x", type: "click", time: T, userId: "u", properties: { a: 1 } }),
    "",
    JSON.stringify({ type: "click", time: "2023-11-14T22:13:20Z", userId: "u" }),
    "{",
    "[1]",
    JSON.stringify({ id: "y", type: "click", time: "soon", userId: "u" }),
  ];
  const { events, rejected } = await readAll(
    readNdjson(sourceFile("a.ndjson", lines.join("\n")), undefined, "p"),
  );
  expect(events).toEqual([
    { line: 1, event: { id: "x", type: "click", time: T, userId: "u", properties: { a: 1 } } },
    { line: 3, event: { id: "p-000000000003", type: "click", time: T, userId: "u" } },
  ]);
  expect(rejected.map(({ line, field }) => [line, field])).toEqual([
    [4, "event"],
    [5, "event"],
    [6, "time"],
  ]);
});

test("NDJSON: lines across chunks are whole, and one that is too long is rejected alone", async () => {
  const events = Array.from({ length: 3000 }, (_, i) => ({
    id: `e${i}`,
    type: "click",
    time: T,
    userId: "ü".repeat(100),
  }));
  const text = events.map((event) => JSON.stringify(event));
  text.splice(1000, 0, JSON.stringify({ id: "long", pad: "x".repeat(1_200_000) }));
  const read = await readAll(readNdjson(sourceFile("b.ndjson", text.join("\n")), undefined, "p"));
  expect(read.events.map(({ event }) => event)).toEqual(events);
  expect(read.rejected.map(({ line }) => line)).toEqual([1001]);
});

test("msgpack: events, arrays and batches one after the other, across chunks", async () => {
  const packr = new Packr({ useRecords: false });
  const event = (i: number) => ({ id: `e${i}`, type: "click", time: T, userId: "u".repeat(100) });
  const many = Array.from({ length: 20_000 }, (_, i) => event(i));
  const parts = [
    ...many.slice(0, 5000).map((item) => packr.pack(item)),
    packr.pack(many.slice(5000, 12_000)),
    packr.pack({ events: many.slice(12_000), sentAt: 1 }),
    packr.pack(7),
  ];
  const read = await readAll(
    readMsgpack(sourceFile("a.msgpack", Buffer.concat(parts)), undefined, "p"),
  );
  expect(read.events.map(({ event: { id } }) => id)).toEqual(many.map(({ id }) => id));
  expect(read.rejected).toEqual([
    { line: 20_001, field: "event", reason: 'expected a map of fields, got "7"' },
  ]);
});

test("msgpack: a file that breaks off is an error, after its whole events", async () => {
  const packed = new Packr({ useRecords: false }).pack({
    id: "e",
    type: "click",
    time: T,
    userId: "u",
  });
  const path = sourceFile("b.msgpack", Buffer.concat([packed, packed.subarray(0, 9)]));
  const seen: string[] = [];
  const read = async (): Promise<void> => {
    for await (const { events } of readMsgpack(path, undefined, "p"))
      seen.push(...events.map(({ event }) => event.id));
  };
  await expect(read()).rejects.toThrow("breaks off within an event: its last 9 bytes");
  expect(seen).toEqual(["e"]);
});

test("a format is known by the file's name, and paths by their header", async () => {
  expect(await detectFormat(sourceFile("a.CSV", "user,time\n"))).toBe("csv");
  expect(await detectFormat(sourceFile("a.csv", `${PATHS_HEADER}\r\n`))).toBe("paths");
  expect(await detectFormat(sourceFile("a.jsonl", ""))).toBe("ndjson");
  await expect(detectFormat("x.parquet")).rejects.toMatchObject({ code: "usage" });
});

test("compressed files give their content, and a broken one is an error", async () => {
  const content = `${JSON.stringify({ id: "x", type: "click", time: T, userId: "u" })}\n`;
  for (const [extension, bytes] of [
    ["gz", gzipSync(content)],
    ["zst", zstdCompressSync(content)],
  ] as const) {
    const path = sourceFile(`a.ndjson.${extension}`, bytes);
    expect(await detectFormat(path)).toBe("ndjson");
    expect(await contentSize(path)).toBe(content.length);
    expect(await contentPrefix(path)).toBe(await contentPrefix(sourceFile("a.ndjson", content)));
    const { events } = await readAll(readNdjson(path, undefined, "p"));
    expect(events).toMatchObject([{ line: 1, event: { id: "x" } }]);
  }
  const paths = sourceFile("paths.csv.gz", gzipSync(`${PATHS_HEADER}\na > b,1,10,0\n`));
  expect(await detectFormat(paths)).toBe("paths");
  const broken = sourceFile("b.csv.gz", gzipSync("user,time,type\n").subarray(0, 20));
  await expect(contentSize(broken)).rejects.toMatchObject({
    code: "file",
    message: expect.stringMatching(/b\.csv\.gz cannot be read: .*end of file/),
  });
});
