// Parquet by ranges: the footer, then the beginnings of column chunks, never more than a few megabytes.
import { parquetMetadataAsync, parquetReadObjects, parquetSchema, type AsyncBuffer, type FileMetaData, type SchemaTree } from "hyparquet";
import { compressors as careless, decompressZstd, type Compressors } from "hyparquet-compressors";
import { bytes as size_text } from "../format.ts";

export const asked_bytes_max = 4e6;
const rows_max = 100;
// Pages of a megabyte are usual; a page's own header says how long it will be, and may say anything.
const page_bytes_max = 64e6;

const zstd = (input: Uint8Array, size: number) => decompressZstd(input, new Uint8Array(size));
/** How pages are unpacked, by the name of the packing: to the size that their header says, and to no other. */
export const compressors = Object.fromEntries(
  Object.entries({ ...careless, ZSTD: zstd }).map(([codec, unpack]) => [
    codec,
    (input: Uint8Array, size: number) => {
      if (!(size >= 0 && size <= page_bytes_max)) throw new Error(`A page of it would unpack to more than ${size_text(page_bytes_max)}.`);
      return unpack(input, size);
    },
  ]),
) as Compressors;

/** Counts what is asked for. */
export class Ranges implements AsyncBuffer {
  asked = 0;
  constructor(
    readonly byteLength: number,
    private readonly read: (from: number, to: number) => Promise<Uint8Array>,
  ) {}
  async slice(start: number, end = this.byteLength): Promise<ArrayBuffer> {
    const from = start < 0 ? this.byteLength + start : start;
    if (this.asked + end - from > asked_bytes_max) throw new Error(`It asks for more than ${size_text(asked_bytes_max)}.`);
    this.asked += end - from;
    const bytes = await this.read(from, end);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  }
}

export async function read_footer(file: Ranges): Promise<FileMetaData> {
  const first_bytes = 64 * 1024;
  try {
    return await parquetMetadataAsync(file, { initialFetchSize: first_bytes });
  } catch (error) {
    throw new Error(`This Parquet file's list of contents cannot be read. ${error instanceof Error ? error.message : ""}`);
  }
}

/** "int64", "list of string", "timestamp": a column's type in few words. */
export function type_of({ element, children }: SchemaTree): string {
  const logical = element.logical_type?.type ?? element.converted_type;
  if (children.length > 0) {
    const inner = children[0]!;
    if (logical === "LIST") return `list of ${type_of(inner.children[0] ?? inner)}`;
    if (logical === "MAP" || logical === "MAP_KEY_VALUE") return `map of ${inner.children.map(type_of).join(" to ")}`;
    return `{ ${children.map((child) => `${child.element.name}: ${type_of(child)}`).join(", ")} }`;
  }
  if (logical === "STRING" || logical === "UTF8" || logical === "ENUM") return "string";
  if (logical === "DECIMAL") return `decimal ${element.precision ?? ""},${element.scale ?? 0}`;
  if (logical?.startsWith("TIMESTAMP") || element.type === "INT96") return "timestamp";
  if (logical?.startsWith("TIME")) return "time";
  if (element.logical_type?.type === "INTEGER") return `${element.logical_type.isSigned ? "" : "u"}int${element.logical_type.bitWidth}`;
  if (logical && /^U?INT_\d+$/.test(logical)) return logical.toLowerCase().replace("_", "");
  if (logical) return logical.toLowerCase();
  const plain: Record<string, string> = { BOOLEAN: "boolean", INT32: "int32", INT64: "int64", FLOAT: "float32", DOUBLE: "float64", BYTE_ARRAY: "bytes", FIXED_LEN_BYTE_ARRAY: `${element.type_length ?? ""} bytes` };
  return plain[element.type ?? ""] ?? "";
}

export interface Column {
  name: string;
  type: string;
  nullable: boolean;
  /** Of all row groups, as stored. */
  bytes: number;
  codecs: string[];
}
export interface Facts {
  rows: number;
  columns: Column[];
  groups: { rows: number; bytes: number; compressed: number }[];
  codecs: string[];
  created_by: string;
}

const unique = (values: string[]) => [...new Set(values)];

export function facts_of(metadata: FileMetaData): Facts {
  const chunks = metadata.row_groups.flatMap((group) => group.columns.flatMap((chunk) => chunk.meta_data ?? []));
  const of_column = Map.groupBy(chunks, (chunk) => chunk.path_in_schema[0] ?? "");
  const columns = parquetSchema(metadata).children.map((tree) => {
    const own = of_column.get(tree.element.name) ?? [];
    return {
      name: tree.element.name,
      type: tree.element.repetition_type === "REPEATED" ? `list of ${type_of(tree)}` : type_of(tree),
      nullable: tree.element.repetition_type === "OPTIONAL",
      bytes: own.reduce((sum, chunk) => sum + Number(chunk.total_compressed_size), 0),
      codecs: unique(own.map((chunk) => chunk.codec)),
    };
  });
  const groups = metadata.row_groups.map((group) => ({
    rows: Number(group.num_rows),
    bytes: Number(group.total_byte_size),
    compressed: group.columns.reduce((sum, chunk) => sum + Number(chunk.meta_data?.total_compressed_size ?? 0), 0),
  }));
  return { rows: Number(metadata.num_rows), columns, groups, codecs: unique(chunks.map((chunk) => chunk.codec)), created_by: metadata.created_by ?? "" };
}

/** A value as a cell shows it. */
export function cell_of(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "" : value.toISOString().replace("T00:00:00.000Z", "").replace(".000Z", "Z");
  if (value instanceof Uint8Array) return `${size_text(value.length)} of bytes`;
  if (typeof value !== "object") return String(value);
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "bigint" ? (Number.isSafeInteger(Number(inner)) ? Number(inner) : String(inner)) : inner instanceof Uint8Array ? cell_of(inner) : inner,
  );
}

/** The same file with shorter column chunks: what is read of each ends after so many bytes. */
function shortened(metadata: FileMetaData, column: string, bytes_max: number): FileMetaData {
  const limit = BigInt(Math.floor(bytes_max));
  return {
    ...metadata,
    row_groups: metadata.row_groups.map((group) => ({
      ...group,
      columns: group.columns.map((chunk) => {
        const { meta_data } = chunk;
        if (!meta_data || meta_data.path_in_schema[0] !== column || meta_data.total_compressed_size <= limit) return chunk;
        return { ...chunk, meta_data: { ...meta_data, total_compressed_size: limit } };
      }),
    })),
  };
}

export interface Beginning {
  rows: string[][];
  /** Columns whose first values are longer than what is asked for. */
  left_out: string[];
}

/** The first rows. Small columns are read first, so that large ones may have what is left. */
export async function first_rows(file: Ranges, metadata: FileMetaData, columns: readonly Column[]): Promise<Beginning> {
  const count = Math.max(0, Math.min(rows_max, Number(metadata.num_rows)));
  const cells = new Map<string, string[]>();
  const left_out: string[] = [];
  let groups = 0;
  for (let rows = 0; rows < count && groups < metadata.row_groups.length; groups++) rows += Number(metadata.row_groups[groups]!.num_rows);
  const leaves = (name: string) => (metadata.row_groups[0]?.columns ?? []).filter((chunk) => chunk.meta_data?.path_in_schema[0] === name).length;
  const by_size = [...columns].sort((a, b) => a.bytes - b.bytes);
  for (const [index, { name }] of by_size.entries()) {
    const share = (asked_bytes_max - file.asked) / (by_size.length - index);
    try {
      const short = shortened(metadata, name, share / Math.max(1, leaves(name) * groups));
      const found = await parquetReadObjects({ file, metadata: short, columns: [name], rowStart: 0, rowEnd: count, compressors });
      cells.set(name, found.map((row) => cell_of(row[name])));
    } catch {
      left_out.push(name);
    }
  }
  const rows = Array.from({ length: count }, (_, row) => columns.map(({ name }) => cells.get(name)?.[row] ?? ""));
  return { rows, left_out };
}
