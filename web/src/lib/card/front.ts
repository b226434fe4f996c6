// The two halves of a card: YAML between two lines of dashes, and Markdown below. Values are set by
// changing their own bytes alone, so what somebody else wrote around them stays as it is.
import { isMap, isScalar, isSeq, parseDocument, stringify, type Node, type Pair, type YAMLMap, type YAMLSeq } from "yaml";

export interface Halves {
  open: string;
  yaml: string;
  close: string;
  body: string;
}

/** Joined they are the text again, byte for byte. Without YAML `open` is empty. */
export function halves(text: string): Halves {
  const found = /^(\uFEFF?---[ \t]*\r?\n)((?:.*\r?\n)*?)(---[ \t]*(?:\r?\n|$))/.exec(text);
  if (!found) return { open: "", yaml: "", close: "", body: text };
  return { open: found[1]!, yaml: found[2]!, close: found[3]!, body: text.slice(found[0].length) };
}
export function joined({ open, yaml, close, body }: Halves): string {
  if (open || yaml.trim() === "") return open + yaml + close + body;
  const end = line_end(yaml + body);
  return `---${end}${yaml}---${end}${body}`;
}
export const line_end = (text: string) => (text.includes("\r\n") ? "\r\n" : "\n");

/** What is wrong with the YAML, with its line in the card; null when values can be set. */
export function problem_of(yaml: string): { message: string; line: number } | null {
  const document = parseDocument(yaml);
  const error = document.errors[0];
  if (error) return { message: error.message.split("\n")[0]!, line: (error.linePos?.[0].line ?? 0) + 1 };
  return document.contents !== null && !isMap(document.contents) ? { message: "It is no list of names and values.", line: 2 } : null;
}

const pair_of = (map: YAMLMap | null, key: string) => map?.items.find((pair) => isScalar(pair.key) && pair.key.value === key) as Pair<Node, Node | null> | undefined;
const root_of = (yaml: string) => {
  const { contents } = parseDocument(yaml);
  return isMap(contents) ? (contents as YAMLMap) : null;
};

/** A value as a list of words: one word and a list of one are the same here. */
export function words_of(yaml: string, key: string): string[] {
  const value: unknown = root_of(yaml)?.toJSON()[key];
  const list = Array.isArray(value) ? value : value === null || value === undefined || typeof value === "object" ? [] : [value];
  return list.filter((word) => word !== null && typeof word !== "object").map(String);
}

/** Sets a value, or with none removes it. Everything else keeps its bytes. */
export function set_words(yaml: string, key: string, words: readonly string[]): string {
  const now = words_of(yaml, key);
  if (now.length === words.length && now.every((word, index) => word === words[index])) return yaml;
  const map = root_of(yaml);
  const pair = pair_of(map, key);
  if (map?.flow) return rewritten(yaml, key, words);
  const text: Text = { yaml, end: line_end(yaml), indent: indent_of(yaml, map) };
  if (!pair) return words.length === 0 ? yaml : appended(text, key, words);
  if (words.length === 0) return without_pair(text, pair);
  if (isSeq(pair.value) && !pair.value.flow) return with_items(text, pair, pair.value, words);
  return with_value(text, pair, words);
}

/** A value of any shape; undefined when it is not there. */
export const value_of = (yaml: string, key: string): unknown => root_of(yaml)?.toJSON()[key] as unknown;

/** Sets a text or an object as a whole, or with undefined removes it. Other keys keep their bytes. */
export function set_value(yaml: string, key: string, value: unknown): string {
  if (JSON.stringify(value_of(yaml, key)) === JSON.stringify(value)) return yaml;
  const map = root_of(yaml);
  const pair = pair_of(map, key);
  const text: Text = { yaml, end: line_end(yaml), indent: indent_of(yaml, map) };
  if (map?.flow) {
    const document = parseDocument(yaml);
    document.set(key, value);
    return document.toString({ lineWidth: 0 });
  }
  if (value === undefined) return pair ? without_pair(text, pair) : yaml;
  const lines = stringify({ [key]: value }, { version: "1.1", lineWidth: 0 }).trimEnd().split("\n").map((line) => text.indent + line).join(text.end);
  if (!pair) return yaml + (yaml === "" || yaml.endsWith("\n") ? "" : text.end) + lines + text.end;
  return spliced(yaml, line_start(yaml, pair.key.range![0]), end_of(pair.value, yaml.indexOf(":", pair.key.range![1]) + 1, yaml), lines);
}

interface Text {
  yaml: string;
  end: string;
  /** What stands before each key. */
  indent: string;
}
// Readers of YAML 1.1 take "no", the Norwegians' code, for a truth value: it is quoted.
const scalar = (word: string) => stringify(word, { version: "1.1", lineWidth: 0 }).trimEnd();
const spliced = (text: string, from: number, to: number, by: string) => text.slice(0, from) + by + text.slice(to);
const line_start = (text: string, at: number) => text.lastIndexOf("\n", at - 1) + 1;
const next_line = (text: string, at: number) => {
  const found = text.indexOf("\n", at);
  return found < 0 ? text.length : found + 1;
};

function indent_of(yaml: string, map: YAMLMap | null): string {
  const first = (map?.items[0]?.key as Node | undefined)?.range?.[0];
  return first === undefined ? "" : yaml.slice(line_start(yaml, first), first);
}
/** Where a value ends, without the comments and empty lines after it. */
function end_of(node: Node | null | undefined, otherwise: number, yaml: string): number {
  if (!node?.range) return otherwise;
  if (isSeq(node) && !node.flow) return end_of(node.items.at(-1) as Node, node.range[1], yaml);
  if (isMap(node) && !node.flow) {
    const last = node.items.at(-1) as Pair<Node, Node | null> | undefined;
    return end_of(last?.value, last?.key.range?.[1] ?? node.range[1], yaml);
  }
  return yaml.slice(0, node.range[1]).trimEnd().length;
}

function lines_of({ end, indent }: Text, key: string, words: readonly string[], as_list: boolean): string {
  if (!as_list) return `${indent}${key}: ${scalar(words[0]!)}`;
  return [`${indent}${key}:`, ...words.map((word) => `${indent}- ${scalar(word)}`)].join(end);
}
/** Languages and tags are lists to every reader; a license is one word. */
const is_list = (key: string, words: readonly string[]) => words.length > 1 || key !== "license";

function appended(text: Text, key: string, words: readonly string[]): string {
  const gap = text.yaml === "" || text.yaml.endsWith("\n") ? "" : text.end;
  return text.yaml + gap + lines_of(text, key, words, is_list(key, words)) + text.end;
}
function without_pair({ yaml }: Text, pair: Pair<Node, Node | null>): string {
  const from = line_start(yaml, pair.key.range![0]);
  return spliced(yaml, from, next_line(yaml, end_of(pair.value, pair.key.range![1], yaml)), "");
}
/** In place of a single value, of a list between brackets, or of nothing after the colon. */
function with_value({ yaml, end, indent }: Text, pair: Pair<Node, Node | null>, words: readonly string[]): string {
  const colon = yaml.indexOf(":", pair.key.range![1]) + 1;
  const to = Math.max(colon, end_of(pair.value, colon, yaml));
  const from = pair.value?.range && to > colon ? pair.value.range[0] : colon;
  const space = from === colon ? " " : "";
  if (isSeq(pair.value)) return spliced(yaml, from, to, space + stringify([...words], { version: "1.1", lineWidth: 0, collectionStyle: "flow", flowCollectionPadding: false }).trimEnd());
  if (words.length === 1) return spliced(yaml, from, to, space + scalar(words[0]!));
  return spliced(yaml, colon, to, words.map((word) => `${end}${indent}- ${scalar(word)}`).join(""));
}
/** Takes away and adds single lines; a new order writes the list anew. */
function with_items(text: Text, pair: Pair<Node, Node | null>, list: YAMLSeq, words: readonly string[]): string {
  const { end } = text;
  let { yaml } = text;
  const items = (list.items as Node[]).map((node) => ({ node, word: isScalar(node) ? String(node.value) : "" }));
  const kept = items.filter(({ word }) => words.includes(word));
  const is_prefix = kept.every(({ word }, index) => word === words[index]);
  if (kept.length === 0 || !is_prefix) {
    const from = line_start(yaml, pair.key.range![0]);
    return spliced(yaml, from, end_of(list, pair.key.range![1], yaml), lines_of(text, String((pair.key as { value?: unknown }).value), words, true));
  }
  const last = kept.at(-1)!.node;
  const item_line = line_start(yaml, last.range![0]);
  const dash = /^[ \t]*-[ \t]+/.exec(yaml.slice(item_line))?.[0] ?? `${text.indent}- `;
  const added = words.slice(kept.length).map((word) => dash + scalar(word) + end).join("");
  // From the end, so that positions before stay true.
  for (const { node } of items.toReversed()) {
    const after = next_line(yaml, end_of(node, node.range![1], yaml));
    if (node === last) yaml = spliced(yaml, after, after, (yaml[after - 1] === "\n" || !added ? "" : end) + added);
    else if (!kept.some((entry) => entry.node === node)) yaml = spliced(yaml, line_start(yaml, node.range![0]), after, "");
  }
  return yaml;
}
/** YAML written as one pair of braces has no lines to keep. */
function rewritten(yaml: string, key: string, words: readonly string[]): string {
  const document = parseDocument(yaml);
  if (words.length === 0) document.delete(key);
  else document.set(key, is_list(key, words) ? [...words] : words[0]);
  return document.toString({ lineWidth: 0 });
}
