import { expect, test } from "vitest";
import type { Hunk } from "../api/types.ts";
import { card_changes, split_card, words_alone } from "./card.ts";

test("the metadata of a card are what stands between its dashes", () => {
  expect(split_card("---\nlicense: mit\n---\n# Title\n")).toEqual({ yaml: "license: mit", lines: 3 });
  expect(split_card("\ufeff---\r\na: 1\r\n---\r\n")).toEqual({ yaml: "a: 1", lines: 3 });
  expect(split_card("# Title\n---\n")).toEqual({ yaml: "", lines: 0 });
  expect(split_card("---\nnever closed\n")).toEqual({ yaml: "", lines: 0 });
});
test("fields that came, went and changed; lists of words are one value", () => {
  expect(card_changes({ license: "mit", language: ["en"], tags: ["b", "a"] }, { license: "apache-2.0", language: ["en", "de"], tags: ["a", "b"], library_name: "peft" })).toEqual([
    { path: "license", kind: "changed", before: "mit", after: "apache-2.0" },
    { path: "language", kind: "changed", before: "en", after: "en, de" },
    { path: "library_name", kind: "added", after: "peft" },
  ]);
  expect(card_changes({ model_index: [{ score: 1 }] }, { model_index: [{ score: 2 }] })).toEqual([{ path: "model_index[0].score", kind: "changed", before: 1, after: 2 }]);
  expect(card_changes({ license: "mit" }, {})).toEqual([{ path: "license", kind: "removed", before: "mit" }]);
});
test("lines of the metadata are left out of the lines below", () => {
  const hunk: Hunk = {
    oldStart: 1, oldLines: 5, newStart: 1, newLines: 6,
    lines: [
      { type: "context", text: "---" }, { type: "delete", text: "license: mit" }, { type: "add", text: "license: apache-2.0" }, { type: "add", text: "tags: [a]" },
      { type: "context", text: "---" }, { type: "context", text: "# Title" }, { type: "delete", text: "Old." }, { type: "add", text: "New." },
    ],
  };
  const [rest] = words_alone([hunk], { yaml: "", lines: 3 }, { yaml: "", lines: 4 });
  expect(rest).toEqual({ oldStart: 4, oldLines: 2, newStart: 5, newLines: 2, lines: hunk.lines.slice(5) });
  expect(words_alone([{ ...hunk, lines: hunk.lines.slice(0, 6) }], { yaml: "", lines: 3 }, { yaml: "", lines: 4 })).toEqual([]);
});
