// Files of a drop or a choice of folders, with the paths they will have.

export interface Picked {
  path: string;
  file: File;
}
export interface Left {
  path: string;
  why: string;
}

const junk: [RegExp, string][] = [
  [/(^|\/)\.git\//, "belongs to git"],
  [/(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/, "made by the file manager"],
  [/(^|\/)__pycache__\//, "made by Python"],
  [/(^|\/)\.ipynb_checkpoints\//, "made by notebooks"],
  [/(^|\/)node_modules\//, "installed packages"],
  [/(^|\/)\.cache\/huggingface\//, "a client's notes"],
];

/** What is uploaded and what is left out, with the reason. */
export function sort_out(files: readonly Picked[]): { picked: Picked[]; left: Left[] } {
  const picked: Picked[] = [];
  const left: Left[] = [];
  for (const entry of files) {
    const why = junk.find(([pattern]) => pattern.test(entry.path))?.[1];
    if (why) left.push({ path: entry.path, why });
    else picked.push(entry);
  }
  return { picked, left };
}

/** Of one folder the content is meant, not the folder itself. */
export function without_common_folder(files: readonly Picked[]): Picked[] {
  const first = files[0]?.path.split("/")[0];
  if (!first || !files.every((entry) => entry.path.startsWith(first + "/"))) return [...files];
  return files.map((entry) => ({ ...entry, path: entry.path.slice(first.length + 1) }));
}

/** Everything under a folder that the browser lets us read, with its name in front. */
export async function from_handle(folder: FileSystemDirectoryHandle): Promise<Picked[]> {
  const out: Picked[] = [];
  const read = async (handle: FileSystemDirectoryHandle, path: string): Promise<void> => {
    for await (const child of handle.values()) {
      const below = `${path}/${child.name}`;
      if (child.kind === "directory") await read(child as FileSystemDirectoryHandle, below);
      else out.push({ path: below, file: await (child as FileSystemFileHandle).getFile() });
    }
  };
  await read(folder, folder.name);
  return out;
}
/** The folder that was dropped, where the browser can open it again later. Must be called before the event ends. */
export async function dropped_folder(transfer: DataTransfer): Promise<FileSystemDirectoryHandle | undefined> {
  const [item] = transfer.items;
  if (transfer.items.length !== 1 || !item || !("getAsFileSystemHandle" in item)) return undefined;
  const handle = await (item as DataTransferItem & { getAsFileSystemHandle(): Promise<FileSystemHandle | null> }).getAsFileSystemHandle();
  return handle?.kind === "directory" ? (handle as FileSystemDirectoryHandle) : undefined;
}

export const from_input = (list: FileList): Picked[] =>
  [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

/** Everything under what was dropped. Must be called before the event ends. */
export async function from_drop(transfer: DataTransfer): Promise<Picked[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => !!entry);
  if (entries.length === 0) return from_input(transfer.files);
  const out: Picked[] = [];
  for (const entry of entries) await walk(entry, "", out);
  return out;
}

async function walk(entry: FileSystemEntry, under: string, out: Picked[]): Promise<void> {
  const path = under ? `${under}/${entry.name}` : entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    out.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives at most 100 entries at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const child of some) await walk(child, path, out);
  }
}
