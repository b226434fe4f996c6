import { expect, test } from "vitest";
import { facts_of_tags } from "./words.ts";

test("what a card calls its base model leads to this hub, or is left out", () => {
  const bases = (...tags: string[]) => facts_of_tags("model", tags, {}).base_models;
  expect(bases("base_model:ada/bert", "base_model:finetune:ada/bert", "base_model:gpt2")).toEqual(["ada/bert", "gpt2"]);
  expect(bases("base_model:/elsewhere.example/x", "base_model:\\elsewhere.example", "base_model:")).toEqual([]);
});
