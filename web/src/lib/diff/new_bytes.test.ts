import { expect, test } from "vitest";
import { fresh_bytes } from "./new_bytes.ts";

const term = (hash: string, start: number, end: number, unpacked_length = (end - start) * 100) => ({ hash, range: { start, end }, unpacked_length });

test("chunks that the version before named are not new", () => {
  expect(fresh_bytes([term("a", 0, 10)], [term("a", 0, 10)])).toBe(0);
  expect(fresh_bytes([term("a", 0, 10)], [term("b", 0, 10)])).toBe(1000);
  expect(fresh_bytes([term("a", 0, 10), term("b", 5, 6)], [term("a", 2, 4), term("b", 5, 6), term("c", 0, 3)])).toBe(300);
});
test("of a range that is known in part, only the rest counts", () => {
  expect(fresh_bytes([term("a", 0, 5), term("a", 3, 7)], [term("a", 0, 10)])).toBe(300);
  expect(fresh_bytes([], [term("a", 0, 10, 12345)])).toBe(12345);
});
