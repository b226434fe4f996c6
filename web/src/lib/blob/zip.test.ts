import { expect, test } from "vitest";
import { unpacked_bytes } from "./zip.ts";

/** A list of contents without the contents. */
function zip(sizes: readonly number[]): Uint8Array {
  const out = new Uint8Array(sizes.length * 46 + 22);
  const view = new DataView(out.buffer);
  sizes.forEach((size, index) => {
    view.setUint32(index * 46, 0x02014b50, true);
    view.setUint32(index * 46 + 24, size, true);
  });
  view.setUint32(out.length - 22, 0x06054b50, true);
  view.setUint32(out.length - 10, sizes.length * 46, true);
  return out;
}

test("what a zip file unpacks to is known before any of it is unpacked", async () => {
  expect(await unpacked_bytes(zip([4_000_000_000, 4_000_000_000, 7]))).toBe(8_000_000_007);
  await expect(unpacked_bytes(new Uint8Array(100))).rejects.toThrow("no zip file");
  await expect(unpacked_bytes(new Uint8Array(3))).rejects.toThrow("no zip file");
});
