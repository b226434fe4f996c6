import { expect, test } from "vitest";
import { group_tensors, parse_gguf, read_gguf, read_safetensors } from "./tensors.ts";

const reader = (bytes: Uint8Array) => async (from: number, to: number) => bytes.subarray(from, Math.min(to, bytes.length));

function safetensors(header: unknown) {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const out = new Uint8Array(8 + text.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  return out;
}
function gguf(): Uint8Array {
  const parts: number[] = [];
  const u32 = (value: number) => parts.push(...new Uint8Array(new Uint32Array([value]).buffer));
  const u64 = (value: number) => (u32(value), u32(0));
  const text = (value: string) => (u64(value.length), parts.push(...new TextEncoder().encode(value)));
  u32(0x46554747), u32(3), u64(1), u64(2);
  text("general.name"), u32(8), text("tiny");
  text("tokens"), u32(9), u32(4), u64(3), u32(1), u32(2), u32(3);
  text("blk.0.attn_q.weight"), u32(2), u64(256), u64(4), u32(12), u64(0);
  return new Uint8Array(parts);
}

test("a safetensors header gives tensors and metadata", async () => {
  const { tensors, metadata } = await read_safetensors(
    reader(safetensors({ __metadata__: { format: "pt" }, w: { dtype: "F16", shape: [2, 3], data_offsets: [0, 12] } })),
  );
  expect(tensors).toEqual([{ name: "w", dtype: "F16", shape: [2, 3], bytes: 12 }]);
  expect(metadata).toEqual([["format", "pt"]]);
});
test("what is no safetensors file is said to be none", async () => {
  await expect(read_safetensors(reader(new Uint8Array(3)))).rejects.toThrow("too short");
  await expect(read_safetensors(reader(new Uint8Array(64).fill(255)))).rejects.toThrow("100 MB");
  for (const entry of [null, 3, { dtype: "F16", shape: "2", data_offsets: [0, 4] }, { dtype: "F16", shape: [2] }])
    await expect(read_safetensors(reader(safetensors({ w: entry })))).rejects.toThrow("what w is");
});
test("a GGUF header gives values and tensors with their quantized size", async () => {
  const { tensors, metadata } = await read_gguf(reader(gguf()));
  expect(metadata).toEqual([["general.name", "tiny"], ["tokens", "1, 2, 3"]]);
  expect(tensors).toEqual([{ name: "blk.0.attn_q.weight", dtype: "Q4_K", shape: [256, 4], bytes: 576 }]);
});
test("a GGUF header that is cut asks for more, and says so when there is none", async () => {
  expect(() => parse_gguf(gguf().subarray(0, 60))).toThrow(RangeError);
  await expect(read_gguf(reader(gguf().subarray(0, 60)))).rejects.toThrow("ends inside");
});
test("names are grouped by their parts, numbers in their order", () => {
  const tensor = (name: string) => ({ name, dtype: "F32", shape: [2], bytes: 8 });
  const root = group_tensors([tensor("model.layers.10.w"), tensor("model.layers.2.w"), tensor("head")]);
  expect(root.tensors.map((entry) => entry.name)).toEqual(["head"]);
  expect(root.groups[0]?.name).toBe("model.layers");
  expect(root.groups[0]?.groups.map((group) => group.name)).toEqual(["2", "10"]);
  expect(root.elements).toBe(6);
});
