// PDF files by ranges, with pdf.js in its own worker. Its fonts, character maps and decoders lie
// beside the app (tools/finish.ts), so nothing comes from elsewhere.
import { getDocument, GlobalWorkerOptions, PDFDataRangeTransport, version, type PDFDocumentProxy } from "pdfjs-dist/legacy/build/pdf.mjs";

const chunk_bytes = 256 * 1024;
/** Pixels of one picture or page in memory; each takes four bytes. A file may say that it has any number. */
export const pixels_max = 2 ** 25;
const parts = `/-/app/immutable/pdf-${version}`;

class Ranges extends PDFDataRangeTransport {
  constructor(
    size: number,
    first: Uint8Array,
    private readonly read: (from: number, to: number) => Promise<Uint8Array>,
    private readonly failed: (error: unknown) => void,
  ) {
    super(size, first);
  }
  override requestDataRange(from: number, to: number) {
    this.read(from, to).then((bytes) => this.onDataRange(from, bytes), this.failed);
  }
}

let worker: Worker | undefined;

/** @param read  bytes [from, to) of the file. The caller destroys what it gets. */
export async function open_pdf(size: number, read: (from: number, to: number) => Promise<Uint8Array>): Promise<PDFDocumentProxy> {
  worker ??= new Worker(new URL("pdfjs-dist/legacy/build/pdf.worker.mjs", import.meta.url), { type: "module" });
  GlobalWorkerOptions.workerPort = worker;
  const first = await read(0, Math.min(size, chunk_bytes));
  return new Promise((resolve, reject) => {
    const task = getDocument({
      range: new Ranges(size, first, read, reject),
      rangeChunkSize: chunk_bytes,
      disableAutoFetch: true,
      disableStream: true,
      enableXfa: false,
      maxImageSize: 2 * pixels_max,
      cMapUrl: `${parts}/cmaps/`,
      cMapPacked: true,
      standardFontDataUrl: `${parts}/standard_fonts/`,
      wasmUrl: `${parts}/wasm/`,
    });
    task.promise.then(resolve, (error: unknown) =>
      reject(error instanceof Error && error.name === "PasswordException" ? new Error("It is locked with a password. Download it to open it.") : error),
    );
  });
}
