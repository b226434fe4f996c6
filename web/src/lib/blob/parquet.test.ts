import { zstdCompressSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, test } from "vitest";
import { compressors, facts_of, first_rows, Ranges, read_footer } from "./parquet.ts";

/** One column of a thousand rows. */
function file(): Uint8Array {
  const columnData = [{ name: "word", data: Array.from({ length: 1000 }, (_, index) => `wolf ${index % 7}`), type: "STRING" as const }];
  return new Uint8Array(parquetWriteBuffer({ columnData, codec: "ZSTD", compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) } }));
}
async function open(bytes: Uint8Array) {
  const ranges = new Ranges(bytes.length, async (from, to) => bytes.slice(from, to));
  const metadata = await read_footer(ranges);
  return { ranges, metadata, columns: facts_of(metadata).columns };
}

test("the first rows of a file packed with Zstandard are read", async () => {
  const { ranges, metadata, columns } = await open(file());
  const { rows, left_out } = await first_rows(ranges, metadata, columns);
  expect([rows.length, rows[0], left_out]).toEqual([100, ["wolf 0"], []]);
});
test("a page is unpacked to the size that its header says, unless that is too much", () => {
  const bomb = zstdCompressSync(new Uint8Array(1e6));
  expect(compressors.ZSTD!(bomb, 1000)).toHaveLength(1000);
  for (const size of [2e9, -1, NaN]) expect(() => compressors.GZIP!(new Uint8Array(100), size)).toThrow("would unpack");
});
test("counts of rows below zero end nothing up in a circle", async () => {
  const { ranges, metadata, columns } = await open(file());
  for (const group of metadata.row_groups) group.num_rows = -(2n ** 62n);
  await first_rows(ranges, metadata, columns);
  metadata.num_rows = -5n;
  expect((await first_rows(ranges, metadata, columns)).rows).toEqual([]);
});
