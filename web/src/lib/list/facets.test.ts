import { expect, test } from "vitest";
import { chosen_of, toggled, with_value } from "./facets.ts";
import { list_query } from "../needs.ts";

const url = (search: string) => new URL("http://hub.example/models" + search);
test("choosing a value adds it, choosing it again takes it away, with prefix or without", () => {
  expect(toggled(url(""), "license", "license:mit")).toBe("/models?license=license%3Amit");
  expect(toggled(url("?license=mit&sort=likes"), "license", "license:mit")).toBe("/models?sort=likes");
});
test("the rest of the address stays", () => {
  expect(with_value(url("?library=gguf"), "sort", "likes")).toBe("/models?library=gguf&sort=likes");
  expect(with_value(url("?search=a"), "search", "")).toBe("/models");
});
test("what is chosen is listed with its facet's title", () => {
  expect(chosen_of("model", new URLSearchParams("library=gguf&author=ada"))).toEqual([
    { parameter: "library", value: "gguf", title: "Library" },
    { parameter: "author", value: "ada", title: "Owner" },
  ]);
});
test("an address becomes one question to the API, whatever the order it was typed in", () => {
  const first = list_query(new URLSearchParams("sort=downloads&library=gguf&pipeline_tag=x"));
  expect(first).toBe(list_query(new URLSearchParams("pipeline_tag=x&library=gguf&sort=downloads")));
  expect(first).toBe("pipeline_tag=x&library=gguf&sort=downloads&");
  expect(list_query(new URLSearchParams("sort=nonsense&other=a"))).toBe("filter=a&sort=trendingScore&");
});
