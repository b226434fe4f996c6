import { expect, test } from "vitest";
import { compare_tensors, tensor_text } from "./tensor_changes.ts";

const tensor = (name: string, dtype: string, ...shape: number[]) => ({ name, dtype, shape, bytes: 0 });

test("tensors that came, went, or have another shape or type", () => {
  const { changes, same } = compare_tensors(
    [tensor("a", "F32", 2, 3), tensor("layers.10", "F32", 1), tensor("layers.9", "F32", 1), tensor("gone", "F16", 4)],
    [tensor("a", "F32", 2, 3), tensor("layers.10", "F16", 1), tensor("layers.9", "F32", 2), tensor("new", "I8")],
  );
  expect(same).toBe(1);
  expect(changes.map(({ name, kind }) => `${kind} ${name}`)).toEqual(["removed gone", "changed layers.9", "changed layers.10", "added new"]);
  expect(tensor_text(changes[1]!.after)).toBe("F32 2");
  expect(tensor_text(changes[3]!.after)).toBe("I8 scalar");
});
