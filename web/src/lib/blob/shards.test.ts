import { expect, test } from "vitest";
import { join_shards, parse_index } from "./shards.ts";
import type { Header } from "./tensors.ts";

const tensor = (name: string) => ({ name, dtype: "F16", shape: [2, 2], bytes: 8 });
const headers: Record<string, Header> = {
  "a.safetensors": { metadata: [], tensors: [tensor("x"), tensor("y")] },
  "b.safetensors": { metadata: [], tensors: [tensor("z")] },
};
const index = (map: Record<string, string>, total: number) => parse_index(JSON.stringify({ metadata: { total_size: total }, weight_map: map }));
const read = async (name: string) => headers[name]!;

test("the tensors of all files are joined, and every file is read once", async () => {
  const asked: string[] = [];
  const joined = await join_shards(index({ x: "a.safetensors", y: "a.safetensors", z: "b.safetensors" }, 24), (name) => (asked.push(name), read(name)));
  expect(asked.sort()).toEqual(["a.safetensors", "b.safetensors"]);
  expect(joined.tensors.map((entry) => entry.name)).toEqual(["x", "y", "z"]);
  expect(joined).toMatchObject({ files: 2, problems: [], metadata: [["total_size", "24"]] });
});
test("what the index and the files say differently is named", async () => {
  const joined = await join_shards(index({ x: "a.safetensors", z: "b.safetensors", w: "b.safetensors" }, 99), read);
  expect(joined.problems).toEqual([
    "y is in a.safetensors, and the index does not name it.",
    "w should be in b.safetensors, and is not.",
    "The index says 99 bytes, the tensors have 24.",
  ]);
});
test("a file that cannot be read is an error, not a hole", async () => {
  await expect(join_shards(index({ x: "gone" }, 0), () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
  expect(() => parse_index("{}")).toThrow("no weight_map");
});
