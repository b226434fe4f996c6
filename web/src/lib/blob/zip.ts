// Names and sizes of a zip file from its central directory, which stands at its end.

export interface ZipEntry {
  name: string;
  size: number;
  compressed: number;
}
const end_mark = 0x06054b50;
const entry_mark = 0x02014b50;
const comment_max = 65535;

export async function read_zip(size: number, read: (from: number, to: number) => Promise<Uint8Array>): Promise<ZipEntry[]> {
  const from = Math.max(0, size - comment_max - 22);
  const tail = await read(from, size);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let at = tail.length - 22;
  while (at >= 0 && view.getUint32(at, true) !== end_mark) at--;
  if (at < 0) throw new Error("This is no zip file: it has no list of contents at its end.");
  const length = view.getUint32(at + 12, true);
  const start = view.getUint32(at + 16, true);
  if (start === 0xffffffff || length === 0xffffffff) throw new Error("This zip file is larger than 4 GB; its contents are not listed.");
  if (length > 1 << 24) throw new Error("This zip file's list of contents is too long to show.");
  const list = start >= from ? tail.subarray(start - from, start - from + length) : await read(start, start + length);
  return parse_directory(list);
}

/** What all of a zip file in memory unpacks to, as its list of contents says. */
export async function unpacked_bytes(bytes: Uint8Array): Promise<number> {
  const entries = await read_zip(bytes.length, async (from, to) => bytes.subarray(from, to));
  return entries.reduce((sum, entry) => sum + entry.size, 0);
}

export function parse_directory(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out: ZipEntry[] = [];
  let at = 0;
  while (at + 46 <= bytes.length && view.getUint32(at, true) === entry_mark) {
    const name_length = view.getUint16(at + 28, true);
    out.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name_length)),
      compressed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
    });
    at += 46 + name_length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return out;
}
