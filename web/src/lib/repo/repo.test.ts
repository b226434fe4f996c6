import { expect, test } from "vitest";
import { commit_of } from "./repo.ts";

test("a branch and a tag are the commit that they name now, all else is itself", () => {
  const ref = (name: string, targetCommit: string) => ({ name, ref: name, targetCommit });
  const refs = { branches: [ref("main", "a1"), ref("dev", "b2")], tags: [ref("v1", "c3")] };
  expect(["dev", "v1", "b2f0"].map((name) => commit_of(refs, name))).toEqual(["b2", "c3", "b2f0"]);
});
