import { expect, test } from "vitest";
import { excerpt, guide_sections } from "./sections.ts";

const chapter = `# Upload

Files go up.

## From Python

\`\`\`python
# no heading
api.upload_folder()
\`\`\`

## When something goes wrong: 412 & 429

- **412**: look at [the change](x.md).
`;
test("a chapter is cut at its headings, code is no heading, marks are no words", () => {
  const sections = guide_sections("upload", chapter);
  expect(sections.map((section) => [section.at, section.title])).toEqual([
    ["upload", "Upload"], ["upload#from-python", "From Python"], ["upload#when-something-goes-wrong-412--429", "When something goes wrong: 412 & 429"],
  ]);
  expect(sections[1]!.text).toBe("no heading api.upload_folder()");
  expect(sections[2]!.text).toBe("- 412 : look at the change.");
});
test("an excerpt shows the word that was found", () => {
  const text = "word ".repeat(100) + "needle " + "word ".repeat(100);
  expect(excerpt(text, ["needle"])).toContain("needle");
  expect(excerpt(text, ["needle"]).length).toBeLessThan(180);
  expect(excerpt("short", ["x"])).toBe("short");
});
