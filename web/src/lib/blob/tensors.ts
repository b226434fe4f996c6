// Headers of weights: names, shapes and types of tensors without their bytes.

export interface Tensor {
  name: string;
  dtype: string;
  shape: number[];
  bytes: number;
}
export interface Header {
  tensors: Tensor[];
  metadata: [string, string][];
  /** Of several files: how many, and what does not fit together. */
  files?: number;
  problems?: string[];
}

const header_bytes_max = 100e6;

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: number[];
}
const are_numbers = (value: unknown): value is number[] => Array.isArray(value) && value.every((item) => typeof item === "number");
function is_entry(value: unknown): value is Entry {
  const entry = value as Partial<Entry> | null;
  return typeof entry?.dtype === "string" && are_numbers(entry.shape) && are_numbers(entry.data_offsets) && entry.data_offsets.length === 2;
}

/** @param read  bytes [from, to) of the file. */
export async function read_safetensors(read: (from: number, to: number) => Promise<Uint8Array>): Promise<Header> {
  const start = await read(0, 8);
  if (start.length < 8) throw new Error("This is no safetensors file: it is too short.");
  const size = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  if (size > header_bytes_max) throw new Error("This is no safetensors file: its header would be larger than 100 MB.");
  const text = new TextDecoder().decode(await read(8, 8 + size));
  let header: (Record<string, unknown> & { __metadata__?: Record<string, unknown> }) | null;
  try {
    header = JSON.parse(text) as typeof header;
  } catch {
    throw new Error("This is no safetensors file: its header is no JSON.");
  }
  const { __metadata__, ...tensors } = header ?? {};
  return {
    metadata: Object.entries(__metadata__ ?? {}).map(([key, value]) => [key, String(value)]),
    tensors: Object.entries(tensors).map(([name, tensor]) => {
      if (!is_entry(tensor)) throw new Error(`This is no safetensors file: its header does not say what ${name.slice(0, 100)} is.`);
      return { name, dtype: tensor.dtype, shape: tensor.shape, bytes: tensor.data_offsets[1]! - tensor.data_offsets[0]! };
    }),
  };
}

// Names and sizes of GGML's types: [name, elements of a block, bytes of a block].
const ggml: Record<number, [string, number, number]> = {
  0: ["F32", 1, 4], 1: ["F16", 1, 2], 2: ["Q4_0", 32, 18], 3: ["Q4_1", 32, 20], 6: ["Q5_0", 32, 22], 7: ["Q5_1", 32, 24], 8: ["Q8_0", 32, 34], 9: ["Q8_1", 32, 36],
  10: ["Q2_K", 256, 84], 11: ["Q3_K", 256, 110], 12: ["Q4_K", 256, 144], 13: ["Q5_K", 256, 176], 14: ["Q6_K", 256, 210], 15: ["Q8_K", 256, 292],
  16: ["IQ2_XXS", 256, 66], 17: ["IQ2_XS", 256, 74], 18: ["IQ3_XXS", 256, 98], 19: ["IQ1_S", 256, 50], 20: ["IQ4_NL", 32, 18], 21: ["IQ3_S", 256, 110], 22: ["IQ2_S", 256, 82],
  23: ["IQ4_XS", 256, 136], 24: ["I8", 1, 1], 25: ["I16", 1, 2], 26: ["I32", 1, 4], 27: ["I64", 1, 8], 28: ["F64", 1, 8], 29: ["IQ1_M", 256, 56], 30: ["BF16", 1, 2], 39: ["MXFP4", 32, 17],
};

/** Asks for more whenever the header goes on past what was read. */
export async function read_gguf(read: (from: number, to: number) => Promise<Uint8Array>): Promise<Header> {
  for (let size = 1 << 18; ; size = Math.min(size * 4, header_bytes_max)) {
    const bytes = await read(0, size);
    try {
      return parse_gguf(bytes);
    } catch (error) {
      if (!(error instanceof RangeError) || bytes.length < size || size === header_bytes_max) throw error instanceof RangeError ? new Error("This GGUF file ends inside its header.") : error;
    }
  }
}

/** @throws RangeError when the header goes on after these bytes. */
export function parse_gguf(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24 || view.getUint32(0, true) !== 0x46554747) throw new Error("This is no GGUF file: it does not begin with GGUF.");
  const version = view.getUint32(4, true);
  if (version < 2 || version > 3) throw new Error(`GGUF version ${version} is not known here.`);
  let at = 8;
  const u32 = () => ((at += 4), view.getUint32(at - 4, true));
  const u64 = () => ((at += 8), Number(view.getBigUint64(at - 8, true)));
  const text = () => {
    const size = u64();
    if (at + size > bytes.length) throw new RangeError("header");
    at += size;
    return new TextDecoder().decode(bytes.subarray(at - size, at));
  };
  const value = (type: number): unknown => {
    switch (type) {
      case 0: return view.getUint8(at++);
      case 1: return view.getInt8(at++);
      case 2: return (at += 2), view.getUint16(at - 2, true);
      case 3: return (at += 2), view.getInt16(at - 2, true);
      case 4: return u32();
      case 5: return (at += 4), view.getInt32(at - 4, true);
      case 6: return (at += 4), view.getFloat32(at - 4, true);
      case 7: return view.getUint8(at++) !== 0;
      case 8: return text();
      case 9: {
        const item = u32();
        const count = u64();
        const first: unknown[] = [];
        for (let index = 0; index < count; index++) {
          const next = value(item);
          if (first.length < 8) first.push(next);
        }
        return `${first.map((entry) => (typeof entry === "string" ? JSON.stringify(entry) : String(entry))).join(", ")}${count > 8 ? `, … ${count} in all` : ""}`;
      }
      case 10: return u64();
      case 11: return (at += 8), Number(view.getBigInt64(at - 8, true));
      case 12: return (at += 8), view.getFloat64(at - 8, true);
      default: throw new Error(`GGUF value type ${type} is not known here.`);
    }
  };
  const tensor_count = u64();
  const value_count = u64();
  const metadata: [string, string][] = [];
  for (let index = 0; index < value_count; index++) {
    const key = text();
    metadata.push([key, String(value(u32()))]);
  }
  const tensors: Tensor[] = [];
  for (let index = 0; index < tensor_count; index++) {
    const name = text();
    const shape = Array.from({ length: u32() }, u64);
    const [dtype, elements, block] = ggml[u32()] ?? ["unknown", 1, 0];
    u64(); // where its bytes begin
    tensors.push({ name, dtype, shape, bytes: (shape.reduce((a, b) => a * b, 1) / elements) * block });
  }
  return { tensors, metadata };
}

export const elements = (tensor: Tensor) => tensor.shape.reduce((a, b) => a * b, 1);

export interface Group {
  name: string;
  path: string;
  tensors: Tensor[];
  groups: Group[];
  elements: number;
  bytes: number;
}

/** Tensors by the parts of their names; what has one child only is joined with it. */
export function group_tensors(tensors: readonly Tensor[]): Group {
  const root: Group = { name: "", path: "", tensors: [], groups: [], elements: 0, bytes: 0 };
  const known = new Map<string, Group>([["", root]]);
  for (const tensor of tensors) {
    const parts = tensor.name.split(".");
    let group = root;
    for (let depth = 0; depth < parts.length; depth++) {
      group.elements += elements(tensor);
      group.bytes += tensor.bytes;
      if (depth === parts.length - 1) break;
      const path = parts.slice(0, depth + 1).join(".");
      let next = known.get(path);
      if (!next) {
        next = { name: parts[depth]!, path, tensors: [], groups: [], elements: 0, bytes: 0 };
        known.set(path, next);
        group.groups.push(next);
      }
      group = next;
    }
    group.tensors.push(tensor);
  }
  const by_name = new Intl.Collator("en", { numeric: true });
  const tidy = (group: Group): Group => {
    group.groups = group.groups.map(tidy).sort((a, b) => by_name.compare(a.name, b.name));
    group.tensors.sort((a, b) => by_name.compare(a.name, b.name));
    const [only] = group.groups;
    if (group.path && only && group.groups.length === 1 && group.tensors.length === 0) return { ...only, name: `${group.name}.${only.name}` };
    return group;
  };
  return tidy(root);
}
