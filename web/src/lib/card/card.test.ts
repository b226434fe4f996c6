import { expect, test } from "vitest";
import { lack_of, lack_words, read_card, write_card } from "./card.ts";

const card = `---
# kept
license: mit
x: {a:   1}
---
# Router

Sorts tickets.

## Uses

- queues

### Not for

Anger.

## Strange section

| a |
|---|

## Limitations

<!-- nothing yet -->

\`\`\`
# no heading
\`\`\`
`;

test("a card written elsewhere is read as answers", () => {
  const { answers, license } = read_card(card, "model");
  expect(license).toBe("mit");
  expect(answers.what).toBe("Sorts tickets.");
  expect(answers.who).toBe("- queues\n\n### Not for\n\nAnger.");
  expect(answers.data).toBe("");
  expect(answers.limits).toContain("# no heading");
});
test("written back without a change it keeps every byte", () => {
  for (const text of [card, card.replaceAll("\n", "\r\n"), "", "Text alone", "# T", "---\nlicense: mit\n---\n"]) {
    const read = read_card(text, "model");
    expect(write_card(text, read, "router")).toBe(text);
  }
});
test("one answer changes its own section", () => {
  const read = read_card(card, "model");
  read.answers.what = "Sorts letters.";
  expect(write_card(card, read, "router")).toBe(card.replace("Sorts tickets.", "Sorts letters."));
});
test("a new answer comes after the one before it, under its question", () => {
  const read = read_card(card, "model");
  read.answers.data = "Mails of 2020.";
  read.answers.contact = "ada";
  expect(write_card(card, read, "router")).toBe(
    card.replace("Anger.\n\n", "Anger.\n\n## On what data?\n\nMails of 2020.\n\n") + "\n## Whom to ask\n\nada\n",
  );
});
test("an answer that is taken away takes its heading along", () => {
  const read = read_card(card, "model");
  read.answers.who = "";
  expect(write_card(card, read, "router")).toBe(card.replace(/## Uses[\s\S]*?(?=## Strange)/, ""));
});
test("from nothing to a whole card, which reads as it was answered", () => {
  const read = read_card("", "dataset");
  for (const { id } of read.questions) read.answers[id] = `Answer to ${id}.\n\nMore.`;
  read.license = "cc0-1.0";
  read.languages = ["de", "no"];
  const text = write_card("", read, "tickets");
  expect(text.startsWith('---\nlicense: cc0-1.0\nlanguage:\n- de\n- "no"\n---\n# tickets\n\n## What does it do?\n')).toBe(true);
  const again = read_card(text, "dataset");
  expect(again.answers).toEqual(read.answers);
  expect(again.languages).toEqual(["de", "no"]);
  expect(lack_words(lack_of(again))).toBe("6 of 6 answered");
});
test("it says what is missing; a template's placeholder is no answer", () => {
  expect(lack_words(lack_of(read_card("# A\n\n## Uses\n\n[More Information Needed]\n\n## Evaluation\n\nF1 0.9\n", "model")))).toBe("1 of 6 answered; license missing");
});
