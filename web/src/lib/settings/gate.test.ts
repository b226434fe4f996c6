import { expect, test } from "vitest";
import { problem_of_gate, read_gate, write_gate } from "./gate.ts";

const card = `---
license: mit  # ours
extra_gated_fields:
  Company: text
  Where:
    type: ip_location
---
# A
`;
test("the form of a card is read, changed, and the rest of the card stays", () => {
  const form = read_gate(card);
  expect(form.fields.map((field) => field.label)).toEqual(["Company", "Where"]);
  form.fields.push({ label: "Use", kind: "select", options: "Research\n Teaching \n" });
  form.prompt = "Say why.";
  const written = write_gate(card, form);
  expect(written).toContain("license: mit  # ours\n");
  expect(written.endsWith("---\n# A\n")).toBe(true);
  // What this form has no word for is kept.
  expect(written).toContain("type: ip_location");
  expect(read_gate(written).fields[2]).toEqual({ label: "Use", kind: "select", options: "Research\nTeaching" });
  expect(read_gate(written).prompt).toBe("Say why.");
});
test("without a change nothing changes, and a card without YAML gets some", () => {
  expect(write_gate(card, read_gate(card))).toBe(card);
  expect(write_gate("# A\n", { heading: "", prompt: "P", button: "", fields: [] })).toBe("---\nextra_gated_prompt: P\n---\n# A\n");
});
test("what cannot be asked is said", () => {
  const field = { label: "A", kind: "text" as const, options: "" };
  expect(problem_of_gate({ ...read_gate(""), fields: [field, field] })).toContain("same name");
  expect(problem_of_gate({ ...read_gate(""), fields: [{ ...field, kind: "select" }] })).toContain("options");
});
