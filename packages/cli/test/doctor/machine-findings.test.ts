import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { machineFindings } from "../../src/doctor/machine-findings.ts";

const GIB = 2 ** 30;
const plenty = {
  freeBytes: 500 * GIB,
  diskBytes: 1000 * GIB,
  availableBytes: 8 * GIB,
  memoryBytes: 16 * GIB,
};

test("nothing where there is room", async () => {
  expect(await machineFindings("/data", async () => plenty)).toEqual([]);
});

test.each([
  ["a large disk with less than 1 GiB", { ...plenty, freeBytes: 0.5 * GIB }],
  [
    "a small disk with less than a twentieth",
    { ...plenty, diskBytes: 4 * GIB, freeBytes: 0.1 * GIB },
  ],
])("%s is nearly full", async (_, room) => {
  expect(await machineFindings("/data", async () => room)).toEqual([
    {
      code: "disk_full",
      subject: "/data",
      detail: `${(room.freeBytes / GIB).toFixed(2)} GiB are free`,
    },
  ]);
});

test("a small disk that is half empty is well", async () => {
  const room = { ...plenty, diskBytes: GIB, freeBytes: 0.5 * GIB };
  expect(await machineFindings("/data", async () => room)).toEqual([]);
});

test("little memory; none where the system does not say it", async () => {
  const room = { ...plenty, availableBytes: 0.5 * GIB };
  expect(await machineFindings("/data", async () => room)).toEqual([
    { code: "memory_full", subject: "this machine", detail: "0.50 of 16.0 GiB are available" },
  ]);
  expect(
    await machineFindings("/data", async () => ({ ...plenty, availableBytes: undefined })),
  ).toEqual([]);
});

test("reads this machine's", async () => {
  const codes = (await machineFindings(tmpdir())).map(({ code }) => code);
  expect(["disk_full", "memory_full"]).toEqual(expect.arrayContaining(codes));
});
