// The published JavaScript client, one call per process.
//   upload <path in the repository> <local file>     uploads it
//   download <path in the repository> <local file>   writes it, and tells how it came
import { readFile, writeFile } from "node:fs/promises";
import { downloadFile, fileDownloadInfo, uploadFiles } from "@huggingface/hub";

const [action, path, local] = process.argv.slice(2);
const { HUB_URL: hubUrl, HUB_TOKEN: accessToken, HUB_REPO: name } = process.env;
const common = { repo: { type: "model", name }, accessToken, hubUrl };

if (action === "upload") {
  const content = new Blob([await readFile(local)]);
  await uploadFiles({ ...common, files: [{ path, content }] });
} else {
  const info = await fileDownloadInfo({ ...common, path });
  const blob = await downloadFile({ ...common, path });
  const [first, end] = [Math.floor(blob.size / 3), Math.floor(blob.size / 3) + 150_000];
  const part = Buffer.from(await blob.slice(first, end).arrayBuffer());
  const whole = Buffer.from(await blob.arrayBuffer());
  await writeFile(local, whole);
  console.log(JSON.stringify({ xet: Boolean(info.xet), size: blob.size, part: part.equals(whole.subarray(first, end)) }));
}
