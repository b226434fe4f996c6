import { expect, test } from "vitest";
import { halves, joined, problem_of, set_value, set_words, value_of, words_of } from "./front.ts";

const yaml = `# who wrote this: us
license:   mit   # as agreed
language:
  - en    # first
  # the next one came later
  - 'no'
x-internal: {a: [1,2],   b: "x"}   # do not touch
tags: [ one,two ]
widget:
- text: "Hello:  world"
`;

test("a text in two halves is the text again", () => {
  for (const text of ["", "# A\n", "---\nlicense: mit\n---\n# A\n", "---\r\na: 1\r\n---\r\nx", "---\n---\n", "---\nno end\n", "\uFEFF---\na: 1\n---"])
    expect(joined(halves(text))).toBe(text);
});
test("one word changes its own bytes and no others", () => {
  expect(set_words(yaml, "license", ["apache-2.0"])).toBe(yaml.replace("mit   #", "apache-2.0   #"));
  expect(set_words(yaml, "license", ["mit"])).toBe(yaml);
  expect(set_words(yaml, "license", [])).toBe(yaml.replace("license:   mit   # as agreed\n", ""));
});
test("of a list single lines come and go, comments between them stay", () => {
  expect(words_of(yaml, "language")).toEqual(["en", "no"]);
  expect(set_words(yaml, "language", ["en", "no", "de"])).toBe(yaml.replace("  - 'no'\n", "  - 'no'\n  - de\n"));
  expect(set_words(yaml, "language", ["no"])).toBe(yaml.replace("  - en    # first\n", ""));
  expect(set_words(yaml, "language", ["en"])).toBe(yaml.replace("  - 'no'\n", ""));
  expect(set_words(yaml, "language", ["fr", "en"])).toBe(yaml.replace(/language:\n[^]*?x-int/, "language:\n- fr\n- en\nx-int"));
});
test("a list between brackets stays between brackets", () => {
  expect(set_words(yaml, "tags", ["one", "two", "a, b"])).toBe(yaml.replace("[ one,two ]", '[one, two, "a, b"]'));
});
test("one word becomes a list, and what is new goes to the end", () => {
  expect(set_words("language: en # note\na: 1\n", "language", ["en", "de"])).toBe("language:\n- en\n- de # note\na: 1\n");
  expect(set_words("a: 1", "license", ["mit"])).toBe("a: 1\nlicense: mit\n");
  expect(set_words("license:\na: 1\n", "license", ["mit"])).toBe("license: mit\na: 1\n");
  expect(set_words("", "language", ["no"])).toBe('language:\n- "no"\n');
  expect(set_words("a: 1\r\n", "license", ["mit"])).toBe("a: 1\r\nlicense: mit\r\n");
});
test("an object is set as a whole, and its neighbours keep their bytes", () => {
  const fields = { Company: "text", "I agree: really": "checkbox", Use: { type: "select", options: ["a", "b"] } };
  const once = set_value(yaml, "extra_gated_fields", fields);
  expect(once.startsWith(yaml)).toBe(true);
  expect(value_of(once, "extra_gated_fields")).toEqual(fields);
  const twice = set_value(once, "x-internal", undefined);
  expect(twice).toBe(once.replace(/x-internal.*\n/, ""));
  expect(set_value(once, "extra_gated_fields", { Company: "text" })).toBe(yaml + "extra_gated_fields:\n  Company: text\n");
});
test("whatever is set can be read again", () => {
  for (const text of [yaml, "", "{license: mit, language: [en]}\n", "  license: mit\n  language: en\n"])
    for (const [key, words] of [["license", ["cc-by-4.0"]], ["language", ["de", "no", "zh"]], ["tags", ["a: b", "- c", "#d", "yes"]]] as const) {
      const out = set_words(text, key, words);
      expect(problem_of(out)).toBeNull();
      expect(words_of(out, key)).toEqual(words);
    }
});
test("broken YAML is named by its line in the card", () => {
  expect(problem_of("a: 1\nb: [\n")?.line).toBeGreaterThan(2);
  expect(problem_of("- a\n")).not.toBeNull();
  expect(problem_of("# only a comment\n")).toBeNull();
});
