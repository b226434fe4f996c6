// The form that people fill in who ask for access, as it stands in the card.
import { halves, joined, set_value, value_of } from "../card/front.ts";

export type FieldKind = "text" | "checkbox" | "select" | "date_picker" | "country";
export interface GateField {
  label: string;
  kind: FieldKind;
  /** Of a choice, one a line. */
  options: string;
}
export interface GateForm {
  heading: string;
  prompt: string;
  button: string;
  fields: GateField[];
}
export const field_kinds: [FieldKind, string][] = [
  ["text", "A line of text"], ["checkbox", "A box to tick"], ["select", "A choice"], ["date_picker", "A date"], ["country", "A country"],
];

const text_of = (value: unknown) => (typeof value === "string" ? value : "");
function field_of(label: string, value: unknown): GateField {
  const object = typeof value === "object" && value !== null ? (value as { type?: unknown; options?: unknown }) : { type: value };
  const kind = field_kinds.find(([known]) => known === object.type)?.[0] ?? "text";
  const options = Array.isArray(object.options) ? object.options.map((option: unknown) => (typeof option === "object" && option !== null ? text_of((option as { value?: unknown; label?: unknown }).value ?? (option as { label?: unknown }).label) : String(option))) : [];
  return { label, kind, options: options.join("\n") };
}

export function read_gate(card: string): GateForm {
  const { yaml } = halves(card);
  const fields = value_of(yaml, "extra_gated_fields");
  return {
    heading: text_of(value_of(yaml, "extra_gated_heading")),
    prompt: text_of(value_of(yaml, "extra_gated_prompt")),
    button: text_of(value_of(yaml, "extra_gated_button_content")),
    fields: typeof fields === "object" && fields !== null && !Array.isArray(fields) ? Object.entries(fields).map(([label, value]) => field_of(label, value)) : [],
  };
}

/** Fields that were not touched stay as they are written; what a form cannot show stays too. */
export function write_gate(card: string, form: GateForm): string {
  const parts = halves(card);
  let { yaml } = parts;
  const before = read_gate(card);
  const texts = { heading: "extra_gated_heading", prompt: "extra_gated_prompt", button: "extra_gated_button_content" } as const;
  for (const [name, key] of Object.entries(texts) as [keyof typeof texts, string][])
    if (form[name].trim() !== before[name].trim()) yaml = set_value(yaml, key, form[name].trim() || undefined);
  if (JSON.stringify(form.fields) !== JSON.stringify(before.fields)) {
    const known = (value_of(yaml, "extra_gated_fields") ?? {}) as Record<string, unknown>;
    const fields = form.fields.map((field) => {
      const same = before.fields.find((other) => JSON.stringify(other) === JSON.stringify(field));
      const value = same ? known[same.label] : field.kind === "select" ? { type: "select", options: field.options.split("\n").map((option) => option.trim()).filter(Boolean) } : field.kind;
      return [field.label.trim(), value] as const;
    });
    yaml = set_value(yaml, "extra_gated_fields", fields.length > 0 ? Object.fromEntries(fields) : undefined);
  }
  return joined({ ...parts, yaml });
}
export function problem_of_gate(form: GateForm): string {
  const labels = form.fields.map((field) => field.label.trim());
  if (labels.includes("")) return "A field needs a name.";
  if (new Set(labels).size < labels.length) return "Two fields have the same name.";
  const empty = form.fields.find((field) => field.kind === "select" && field.options.trim() === "");
  return empty ? `“${empty.label}” needs options to choose from.` : "";
}
