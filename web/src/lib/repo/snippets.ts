// Lines that fetch or load a repository from this hub. Only what works against it: every template
// names this hub's address, none holds a token's value.
import type { RepoInfo } from "../api/types.ts";
import { facts_of_tags } from "../words.ts";
import { clients_branch, default_branch, name_of, type Repo } from "./repo.ts";

export interface Snippet {
  id: string;
  label: string;
  code: string;
}

interface Asked {
  repo: Repo;
  info: RepoInfo;
  hub: string;
  revision?: string;
}

/** Text inside double quotes, in Python and in a shell alike: names have no quotes, revisions might. */
const quoted = (text: string) => `"${text.replace(/["\\$`]/g, "\\$&")}"`;

export function snippets({ repo, info, hub, revision }: Asked): Snippet[] {
  const closed = info.private || !!info.gated;
  // Clients fetch main unless they are told otherwise, git what the hub calls the default branch.
  const wanted = revision ?? default_branch(info);
  const pinned = wanted === clients_branch ? undefined : wanted;
  const checkout = wanted === default_branch(info) ? undefined : wanted;
  const type_flag = repo.type === "model" ? "" : ` --repo-type ${repo.type}`;
  const shell = [`export HF_ENDPOINT=${hub}`, ...(closed ? ["export HF_TOKEN=…   # from Settings, Access tokens"] : [])].join("\n");
  const python_head = [
    "import os",
    `os.environ["HF_ENDPOINT"] = "${hub}"   # before the imports below`,
    ...(closed ? ['# os.environ["HF_TOKEN"]: from Settings, Access tokens'] : []),
    "",
    "",
  ].join("\n");
  const revision_argument = pinned ? `, revision=${quoted(pinned)}` : "";
  const out: Snippet[] = [];

  const library = library_code(repo, info, revision_argument);
  if (library) out.push({ ...library, code: python_head + library.code });
  out.push({
    id: "cli",
    label: "Command line",
    code: `${shell}\nhf download ${repo.id}${type_flag}${pinned ? ` --revision ${quoted(pinned)}` : ""}`,
  });
  if (repo.type !== "dataset" || !library)
    out.push({
      id: "python",
      label: "Python",
      code: `${python_head}from huggingface_hub import snapshot_download\n\nfolder = snapshot_download("${repo.id}"${repo.type === "model" ? "" : `, repo_type="${repo.type}"`}${revision_argument})`,
    });
  const prefix = repo.type === "model" ? "" : `${repo.type}s/`;
  out.push({
    id: "git",
    label: "git",
    code: `git lfs install\ngit clone ${hub}/${prefix}${repo.id}${checkout ? `\ncd ${name_of(repo.id)} && git checkout ${quoted(checkout)}` : ""}`,
  });
  return out;
}

function library_code(repo: Repo, info: RepoInfo, revision: string): Snippet | null {
  const id = `"${repo.id}"`;
  const facts = facts_of_tags(repo.type, info.tags ?? [], info);
  if (repo.type === "dataset") {
    const loadable = (info.siblings ?? []).some((file) => /\.(csv|tsv|jsonl?|parquet|arrow|txt|png|jpe?g|wav|mp3|flac)$/i.test(file.rfilename));
    if (!loadable) return null;
    return { id: "datasets", label: "Datasets", code: `from datasets import load_dataset\n\ndata = load_dataset(${id}${revision})` };
  }
  if (repo.type !== "model") return null;
  const task = facts.tasks[0];
  switch (info.library_name) {
    case "transformers":
      return {
        id: "transformers",
        label: "Transformers",
        code: task
          ? `from transformers import pipeline\n\npipe = pipeline("${task}", model=${id}${revision})`
          : `from transformers import AutoModel\n\nmodel = AutoModel.from_pretrained(${id}${revision})`,
      };
    case "diffusers":
      return { id: "diffusers", label: "Diffusers", code: `from diffusers import DiffusionPipeline\n\npipe = DiffusionPipeline.from_pretrained(${id}${revision})` };
    case "sentence-transformers":
      return { id: "sentence-transformers", label: "sentence-transformers", code: `from sentence_transformers import SentenceTransformer\n\nmodel = SentenceTransformer(${id}${revision})` };
    case "peft":
      return { id: "peft", label: "PEFT", code: `from peft import AutoPeftModel\n\nmodel = AutoPeftModel.from_pretrained(${id}${revision})` };
    case "timm":
      return { id: "timm", label: "timm", code: `import timm\n\nmodel = timm.create_model("hf-hub:${repo.id}", pretrained=True)` };
    default:
      return null;
  }
}
