import { expect, test } from "vitest";
import { amount, bytes, count, when } from "./format.ts";

const nbsp = "\u00a0";
test("sizes are decimal, as the clients print them", () => {
  expect(bytes(0)).toBe(`0${nbsp}B`);
  expect(bytes(999)).toBe(`999${nbsp}B`);
  expect(bytes(1562)).toBe(`1.56${nbsp}kB`);
  expect(bytes(5_000_000_000)).toBe(`5${nbsp}GB`);
});
test("what rounds up to the next unit is said in it", () => {
  expect(count(999_600)).toBe(`1${nbsp}M`);
  expect(count(12_345)).toBe(`12.3${nbsp}K`);
  expect(amount(7_615_616_512)).toBe(`7.62${nbsp}B`);
});
test("times are relative under 30 days", () => {
  const now = new Date("2026-06-30T12:00:00Z");
  expect(when("2026-06-30T11:59:50Z", now)).toBe("just now");
  expect(when("2026-06-30T09:00:00Z", now)).toBe("3 hours ago");
  expect(when("2026-06-29T12:00:00Z", now)).toBe("yesterday");
  expect(when("2026-04-01T12:00:00Z", now)).toBe("Apr 1");
  expect(when("2024-04-01T12:00:00Z", now)).toBe("Apr 1, 2024");
});
