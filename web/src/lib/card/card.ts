// A card as answers and values, read from its text and written back into it.
import type { RepoType } from "../page.ts";
import { halves, joined, problem_of, set_words, words_of } from "./front.ts";
import { answers_in, is_answered, questions, with_answers, type Answers, type Question } from "./questions.ts";

export interface Card {
  questions: Question[];
  answers: Answers;
  license: string;
  languages: string[];
  tags: string[];
  /** Why license, languages and tags cannot be set: the YAML above is broken. */
  problem: { message: string; line: number } | null;
}

export function read_card(text: string, type: RepoType): Card {
  const { yaml, body } = halves(text);
  const asked = questions(type);
  const problem = problem_of(yaml);
  const words = (key: string) => (problem ? [] : words_of(yaml, key));
  return { questions: asked, answers: answers_in(body, asked), license: words("license")[0] ?? "", languages: words("language"), tags: words("tags"), problem };
}

/** @param text  what the card was read from: all that is no answer stays as it is there. */
export function write_card(text: string, card: Card, name: string): string {
  const parts = halves(text);
  let { yaml } = parts;
  if (!card.problem) {
    if ((words_of(yaml, "license")[0] ?? "") !== card.license) yaml = set_words(yaml, "license", card.license ? [card.license] : []);
    yaml = set_words(yaml, "language", card.languages);
    yaml = set_words(yaml, "tags", card.tags);
  }
  return joined({ ...parts, yaml, body: with_answers(parts.body, card.questions, card.answers, name) });
}

export interface Lack {
  answered: number;
  of: number;
  license: boolean;
}
export const lack_of = (card: Card): Lack => ({
  answered: card.questions.filter(({ id }) => is_answered(card.answers[id])).length,
  of: card.questions.length,
  license: !card.problem && card.license === "",
});
/** "4 of 6 answered; license missing" */
export const lack_words = ({ answered, of, license }: Lack) => `${answered} of ${of} answered${license ? "; license missing" : ""}`;
