// The index of weights that are cut into several files, joined with the headers of those files.
import type { Header, Tensor } from "./tensors.ts";

export interface ShardIndex {
  metadata: [string, string][];
  /** File of each tensor. */
  files: Map<string, string>;
}

export function parse_index(text: string): ShardIndex {
  const value = JSON.parse(text) as { metadata?: Record<string, unknown>; weight_map?: Record<string, unknown> };
  if (typeof value.weight_map !== "object" || value.weight_map === null) throw new Error("This is no index of weights: it has no weight_map.");
  const files = new Map(Object.entries(value.weight_map).map(([name, file]) => [name, String(file)]));
  const metadata = Object.entries(value.metadata ?? {}).map(([key, entry]): [string, string] => [key, typeof entry === "string" ? entry : JSON.stringify(entry)]);
  return { metadata, files };
}

const at_once = 4;
const problems_max = 10;

/** @param read_header  of a file beside the index. @throws what it throws, for a file that cannot be read. */
export async function join_shards(index: ShardIndex, read_header: (file: string) => Promise<Header>): Promise<Header> {
  const names = [...new Set(index.files.values())];
  const headers = new Map<string, Header>();
  const waiting = [...names];
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) headers.set(name, await read_header(name));
  };
  await Promise.all(Array.from({ length: at_once }, work));

  const tensors: Tensor[] = [];
  const problems: string[] = [];
  const say = (problem: string) => void (problems.length < problems_max && problems.push(problem));
  for (const name of names) {
    for (const tensor of headers.get(name)!.tensors) {
      const wanted = index.files.get(tensor.name);
      if (wanted === undefined) say(`${tensor.name} is in ${name}, and the index does not name it.`);
      if (wanted === undefined || wanted === name) tensors.push(tensor);
    }
  }
  const found = new Set(tensors.map((tensor) => tensor.name));
  for (const [name, file] of index.files) if (!found.has(name)) say(`${name} should be in ${file}, and is not.`);
  const stated = Number(index.metadata.find(([key]) => key === "total_size")?.[1]);
  const sum = tensors.reduce((total, tensor) => total + tensor.bytes, 0);
  if (stated > 0 && stated !== sum) say(`The index says ${stated} bytes, the tensors have ${sum}.`);
  return { tensors, metadata: index.metadata, files: names.length, problems };
}
