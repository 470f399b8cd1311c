import { ImportError } from "../errors.ts";

/** Where the one file of an archive lies. */
export interface ZipEntry {
  readonly name: string;
  /** First byte of its content in the archive. */
  readonly start: number;
  /** Length of its content in the archive. */
  readonly bytes: number;
  readonly isDeflated: boolean;
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 65_535;
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;
const MAX_WORKBOOK_BYTES = 512 * 1024 * 1024;
const ZIP64 = 0xffffffff;

/**
 * Finds the one table of a zip archive, by its directory (APPNOTE 4.3.12); folders, and what macOS adds, do not count.
 * @param read the archive's bytes from the first to before the second place
 * @returns `spreadsheet` where the archive is a workbook of Office Open XML
 * @throws ImportError `file` for an archive with several files, with a password, above 4 GiB, or damaged
 */
export async function findZipEntry(
  archive: string,
  size: number,
  read: (from: number, to: number) => Promise<Buffer>,
): Promise<ZipEntry | "spreadsheet"> {
  const damaged = (): ImportError => new ImportError("file", `${archive} is a damaged zip archive`);
  const tail = await read(Math.max(0, size - END_BYTES - MAX_COMMENT_BYTES), size);
  let at = tail.length - END_BYTES;
  while (at >= 0 && tail.readUInt32LE(at) !== END_SIGNATURE) at -= 1;
  if (at < 0) throw damaged();
  const bytes = tail.readUInt32LE(at + 12);
  const start = tail.readUInt32LE(at + 16);
  if (start === ZIP64 || bytes > MAX_DIRECTORY_BYTES) {
    throw new ImportError("file", `${archive} is a zip archive above 4 GiB; unpack it`);
  }
  const entries = readDirectory(await read(start, start + bytes));
  if (entries.some(({ name }) => name === "[Content_Types].xml")) {
    const unpacked = entries.reduce((sum, entry) => sum + entry.unpackedBytes, 0);
    if (unpacked <= MAX_WORKBOOK_BYTES) return "spreadsheet";
    const most = MAX_WORKBOOK_BYTES / 1024 / 1024;
    throw new ImportError(
      "file",
      `${archive} is a workbook that is above ${most} MiB unpacked; save the sheet as CSV`,
    );
  }
  const tables = entries.filter(({ name }) => !/\/$|^__MACOSX\/|\.DS_Store$/.test(name));
  const [table] = tables;
  if (table === undefined || tables.length > 1) {
    const names = tables.slice(0, 5).map(({ name }) => name);
    throw new ImportError(
      "file",
      `${archive} is a zip archive with ${tables.length} files${names.length === 0 ? "" : ` (${names.join(", ")})`}; expected one, so unpack it and import each`,
    );
  }
  if (table.isEncrypted) throw new ImportError("file", `${archive} has a password; unpack it`);
  if (table.method !== 0 && table.method !== 8) {
    throw new ImportError(
      "file",
      `${archive} is compressed in a rare way (method ${table.method}); unpack it`,
    );
  }
  const local = await read(table.offset, table.offset + LOCAL_BYTES);
  if (local.length < LOCAL_BYTES) throw damaged();
  const content = table.offset + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28);
  return { name: table.name, start: content, bytes: table.bytes, isDeflated: table.method === 8 };
}

interface DirectoryEntry {
  readonly name: string;
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly bytes: number;
  readonly unpackedBytes: number;
  readonly offset: number;
}

function readDirectory(directory: Buffer): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  let at = 0;
  while (at + ENTRY_BYTES <= directory.length && directory.readUInt32LE(at) === ENTRY_SIGNATURE) {
    const nameBytes = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString("utf8", at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes),
      method: directory.readUInt16LE(at + 10),
      isEncrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
      bytes: directory.readUInt32LE(at + 20),
      unpackedBytes: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at +=
      ENTRY_BYTES + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}
