import { expect, test } from "vitest";
import type { RepoInfo } from "../api/types.ts";
import { snippets } from "./snippets.ts";

const info = (more: Partial<RepoInfo> = {}): RepoInfo => ({ _id: "1", id: "ada/bert", private: false, gated: false, tags: [], ...more });
const hub = "http://hub.example";

test("every snippet names this hub and no other", () => {
  for (const type of ["model", "dataset", "space"] as const)
    for (const library_name of [undefined, "transformers", "diffusers", "timm", "peft", "sentence-transformers"])
      for (const { code } of snippets({ repo: { type, id: "ada/bert" }, info: info({ ...(library_name ? { library_name } : {}), siblings: [{ rfilename: "a.csv" }] }), hub })) {
        expect(code).toContain(hub);
        expect(code).not.toMatch(/huggingface\.co|hf\.co/);
      }
});
test("a private repository asks for a token and never shows one", () => {
  const [first] = snippets({ repo: { type: "model", id: "ada/bert" }, info: info({ private: true, library_name: "transformers" }), hub });
  expect(first?.code).toContain("HF_TOKEN");
  expect(first?.code).not.toMatch(/hf_[A-Za-z0-9]/);
});
test("where main is not the default branch, what clients fetch is named and git clones it anyway", () => {
  const lines = snippets({ repo: { type: "model", id: "ada/bert" }, info: info({ library_name: "transformers", defaultBranch: "dev" }), hub });
  for (const { id, code } of lines)
    if (id === "git") expect(code).not.toContain("checkout");
    else expect(code).toContain('"dev"');
  const [cli] = snippets({ repo: { type: "model", id: "ada/bert" }, info: info({ defaultBranch: "dev" }), hub, revision: "main" });
  expect(cli?.code).not.toContain("revision");
});
test("the chosen revision is part of every line that fetches", () => {
  for (const { code } of snippets({ repo: { type: "model", id: "ada/bert" }, info: info({ library_name: "transformers" }), hub, revision: "v1.0" }))
    expect(code).toContain('"v1.0"');
});
