// Hashes of files, also where the browser keeps its own cryptography for secure addresses.
import { createSHA1, createSHA256 } from "hash-wasm";

/** SHA-256 of large files, of others what git calls the content: as the hub compares them. */
export async function hash_of(content: Blob, mode: "regular" | "lfs", progress?: (part: number) => void): Promise<string> {
  const hash = await (mode === "lfs" ? createSHA256() : createSHA1());
  hash.init();
  if (mode === "regular") hash.update(`blob ${content.size}\0`);
  let done = 0;
  for (const reader = content.stream().getReader(); ; ) {
    const step = await reader.read();
    if (step.done) return hash.digest("hex");
    hash.update(step.value);
    progress?.((done += step.value.length) / content.size);
  }
}
