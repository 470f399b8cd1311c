import { expect, test } from "vitest";
import { decodeText, detectCharset } from "../../src/file/charset.ts";
import { openContent } from "../../src/file/content.ts";
import type { Charset } from "../../src/file/table.ts";

const TEXT = "Straße,Größe,€\n1,ü,“x”\n";

function encode(text: string, charset: Charset | "bom"): Buffer {
  if (charset === "windows-1252") {
    const bytes: Readonly<Record<string, number>> = { "€": 0x80, "“": 0x93, "”": 0x94 };
    return Buffer.from(Array.from(text, (one) => bytes[one] ?? one.charCodeAt(0)));
  }
  if (charset === "utf-16le") return Buffer.from(text, "utf16le");
  if (charset === "utf-16be") return Buffer.from(text, "utf16le").swap16();
  return Buffer.from(charset === "bom" ? `\ufeff${text}` : text, "utf8");
}

async function decoded(bytes: Buffer): Promise<{ charset: Charset; text: string }> {
  const content = await openContent(bytes);
  const { charset } = await detectCharset(content);
  let text = "";
  for await (const piece of decodeText(content.chunks(), charset)) text += piece.text;
  return { charset, text };
}

test.each([
  ["utf-8", encode(TEXT, "utf-8")],
  ["utf-8", encode(TEXT, "bom")],
  ["windows-1252", encode(TEXT, "windows-1252")],
  ["utf-16le", encode(TEXT, "utf-16le")],
  ["utf-16le", encode(`\ufeff${TEXT}`, "utf-16le")],
  ["utf-16be", encode(TEXT, "utf-16be")],
  ["utf-16be", encode(`\ufeff${TEXT}`, "utf-16be")],
] as const)("%s is found and decoded", async (charset, bytes) => {
  expect(await decoded(bytes)).toEqual({ charset, text: TEXT });
});

test("the whole file decides, also where a character lies across two chunks", async () => {
  // Chunks are of 256 KiB: the umlaut's two bytes are the last of one and the first of the next.
  const long = `${"a".repeat(256 * 1024 - 1)}ü`;
  expect(await decoded(encode(long, "utf-8"))).toEqual({ charset: "utf-8", text: long });
  expect(await decoded(encode(long, "windows-1252"))).toEqual({
    charset: "windows-1252",
    text: long,
  });
  const wide = `a${"ä".repeat(200_000)}`;
  expect((await decoded(encode(`\ufeff${wide}`, "utf-16be"))).text).toBe(wide);
});

test("a few bytes of another charset are damage of a text that else is UTF-8", async () => {
  const bytes = Buffer.concat([encode(TEXT.repeat(4), "utf-8"), Buffer.from([0xfc, 0x0a])]);
  expect(await detectCharset(await openContent(bytes))).toEqual({ charset: "utf-8", damaged: 1 });
  const other = Buffer.concat([encode(TEXT, "windows-1252"), encode("ü\n", "utf-8")]);
  expect(await detectCharset(await openContent(other))).toEqual({
    charset: "windows-1252",
    damaged: 0,
  });
});

test("zero bytes that are no UTF-16 are no text", async () => {
  const content = await openContent(Buffer.from([65, 0, 0, 0, 66, 67, 68, 69, 70]), "a.bin");
  await expect(detectCharset(content)).rejects.toThrow("a.bin is no text: it holds zero bytes");
});
