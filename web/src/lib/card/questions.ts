// What a card should answer. The questions are headings of the card; cards written elsewhere answer
// some of them under other headings, which are known here too.
import type { RepoType } from "../page.ts";
import { line_end } from "./front.ts";
import { sections, type Section } from "./sections.ts";

export type QuestionId = "what" | "who" | "data" | "quality" | "limits" | "contact";
export interface Question {
  id: QuestionId;
  /** As it is asked, and as a heading. */
  title: string;
  help: string;
  /** Headings that answer it as well, in small letters. */
  others: string[];
}
export type Answers = Record<QuestionId, string>;

export function questions(type: RepoType): Question[] {
  const data =
    type === "dataset"
      ? { title: "What does it hold, and where is it from?", help: "Columns, languages, how it was collected and by whom, whether people in it agreed." }
      : { title: "On what data?", help: "What it learned from, or what it works with; a link where it can be found." };
  return [
    {
      id: "what", title: "What does it do?", help: "Two or three sentences for somebody who never heard of it.",
      others: ["what is it", "what is it for", "overview", "summary", "description", "introduction", "model description", "dataset description", "dataset summary", "model summary", "about"],
    },
    {
      id: "who", title: "Who should use it, who should not?", help: "The work it was made for, and work it must not be used for.",
      others: ["use", "uses", "usage", "intended use", "intended uses", "intended uses & limitations", "direct use", "supported tasks", "supported tasks and leaderboards"],
    },
    {
      id: "data", ...data,
      others: ["on what data", "what does it hold, and where is it from", "data", "training data", "training details", "training", "dataset structure", "dataset creation", "source data", "data collection"],
    },
    {
      id: "quality", title: "How good is it, and how do you know?", help: "Numbers with the data they were measured on, or what you tried and saw.",
      others: ["evaluation", "evaluation results", "results", "performance", "metrics", "benchmarks", "quality"],
    },
    {
      id: "limits", title: "Known limits", help: "Where it fails, whom it treats worse, what was not tried.",
      others: ["limits", "limitations", "known limitations", "limitations and biases", "limitations and bias", "bias, risks, and limitations", "considerations for using the data", "risks"],
    },
    {
      id: "contact", title: "Whom to ask", help: "A person, a team or a place for questions.",
      others: ["contact", "contacts", "model card contact", "dataset card contact", "authors", "maintainers", "questions"],
    },
  ];
}

const plain = (title: string) =>
  title.replace(/<[^>]*>|\{#[^}]*\}|[*_`]/g, "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "").toLowerCase();

interface Place {
  /** Of the text, without the heading. */
  from: number;
  to: number;
  section?: Section;
}
function places(body: string, asked: Question[]): Partial<Record<QuestionId, Place>> {
  const all = sections(body);
  const out: Partial<Record<QuestionId, Place>> = {};
  const taken: Section[] = [];
  const is_free = (section: Section) => !taken.some((other) => section.start < other.end && other.start < section.end);
  // What bears a question's own words goes before what merely resembles one.
  for (const by of [(question: Question) => [plain(question.title)], (question: Question) => question.others])
    for (const question of asked) {
      if (out[question.id]) continue;
      const section = all.find((entry) => by(question).includes(plain(entry.title)) && is_free(entry));
      if (!section) continue;
      taken.push(section);
      out[question.id] = { from: section.content, to: section.end, section };
    }
  if (!out.what) {
    // Text under the title says what it does.
    const title = all[0]?.level === 1 ? all[0] : undefined;
    const from = title?.content ?? 0;
    const to = all.find((section) => section.start >= from)?.start ?? body.length;
    if (body.slice(from, to).trim() !== "") out.what = { from, to };
  }
  return out;
}

export function answers_in(body: string, asked: Question[]): Answers {
  const found = places(body, asked);
  return Object.fromEntries(asked.map(({ id }) => [id, found[id] ? body.slice(found[id].from, found[id].to).trim().replaceAll("\r\n", "\n") : ""])) as Answers;
}
/** Comments and the placeholders of templates are no answer. */
export const is_answered = (text: string) => text.replace(/<!--[\s\S]*?-->/g, "").replace(/\[?more information needed\]?/gi, "").replace(/^#+.*$/gm, "").trim() !== "";

/** The body with these answers; what was not answered anew keeps its bytes. */
export function with_answers(body: string, asked: Question[], answers: Answers, name: string): string {
  const end = line_end(body);
  for (const [index, question] of asked.entries()) {
    const answer = answers[question.id].trim().replaceAll("\r\n", "\n");
    const found = places(body, asked);
    const place = found[question.id];
    const before = place ? body.slice(place.from, place.to).trim().replaceAll("\r\n", "\n") : "";
    if (answer === before) continue;
    const text = answer.replaceAll("\n", end);
    if (place) body = answer ? replaced(body, place, text, end) : removed(body, place);
    else body = inserted(body, found, asked, index, text, end, name);
  }
  return body;
}

function replaced(body: string, { from, to }: Place, text: string, end: string): string {
  const old = body.slice(from, to);
  if (old.trim() === "") return body.slice(0, from) + end + text + end + (to < body.length ? end : "") + body.slice(to);
  const lead = /^\s*/.exec(old)![0];
  const tail = /\s*$/.exec(old)![0];
  return body.slice(0, from) + lead + text + tail + body.slice(to);
}
function removed(body: string, { from, to, section }: Place): string {
  const before = body.slice(0, section?.start ?? from);
  const after = body.slice(to);
  return after === "" ? before.trimEnd() + (before.trim() ? line_end(body) : "") : before + after;
}
/** After the question before it that is answered, else before the one after it, else at the end. */
function inserted(body: string, found: Partial<Record<QuestionId, Place>>, asked: Question[], index: number, text: string, end: string, name: string): string {
  if (body.trim() === "") body = `# ${name}${end}`;
  const before = asked.slice(0, index).map(({ id }) => found[id]).filter((place) => !!place).sort((a, b) => b.to - a.to)[0];
  const next = asked.slice(index + 1).map(({ id }) => found[id]?.section).filter((section) => !!section).sort((a, b) => a.start - b.start)[0];
  const at = before?.to ?? next?.start ?? body.length;
  const level = Object.values(found).map((place) => place.section?.level).find((known) => known !== undefined) ?? 2;
  const head = body.slice(0, at);
  const tail = body.slice(at);
  const lines = /\n\r?\n$/.test(head) || head.trim() === "" ? "" : head.endsWith("\n") ? end : end + end;
  return head + lines + "#".repeat(level) + " " + asked[index]!.title + end + end + text + end + (tail.trim() ? end : "") + tail;
}
