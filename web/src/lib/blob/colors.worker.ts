// Colors of code, off the main thread: Shiki's grammars, six classes instead of a theme's colors.
import { createHighlighterCore, type HighlighterCore, type LanguageInput, type ThemeRegistration } from "shiki/core";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";

const grammars: Record<string, LanguageInput> = {
  python: () => import("shiki/langs/python.mjs"), javascript: () => import("shiki/langs/javascript.mjs"), jsx: () => import("shiki/langs/jsx.mjs"),
  typescript: () => import("shiki/langs/typescript.mjs"), tsx: () => import("shiki/langs/tsx.mjs"), json: () => import("shiki/langs/json.mjs"), yaml: () => import("shiki/langs/yaml.mjs"),
  toml: () => import("shiki/langs/toml.mjs"), ini: () => import("shiki/langs/ini.mjs"), bash: () => import("shiki/langs/bash.mjs"), c: () => import("shiki/langs/c.mjs"), cpp: () => import("shiki/langs/cpp.mjs"),
  rust: () => import("shiki/langs/rust.mjs"), go: () => import("shiki/langs/go.mjs"), java: () => import("shiki/langs/java.mjs"), kotlin: () => import("shiki/langs/kotlin.mjs"), swift: () => import("shiki/langs/swift.mjs"),
  ruby: () => import("shiki/langs/ruby.mjs"), php: () => import("shiki/langs/php.mjs"), r: () => import("shiki/langs/r.mjs"), julia: () => import("shiki/langs/julia.mjs"), lua: () => import("shiki/langs/lua.mjs"),
  sql: () => import("shiki/langs/sql.mjs"), html: () => import("shiki/langs/html.mjs"), css: () => import("shiki/langs/css.mjs"), scss: () => import("shiki/langs/scss.mjs"), xml: () => import("shiki/langs/xml.mjs"),
  markdown: () => import("shiki/langs/markdown.mjs"), latex: () => import("shiki/langs/latex.mjs"), csharp: () => import("shiki/langs/csharp.mjs"), scala: () => import("shiki/langs/scala.mjs"), dart: () => import("shiki/langs/dart.mjs"),
  svelte: () => import("shiki/langs/svelte.mjs"), vue: () => import("shiki/langs/vue.mjs"), proto: () => import("shiki/langs/proto.mjs"), diff: () => import("shiki/langs/diff.mjs"), jinja: () => import("shiki/langs/jinja.mjs"),
  cmake: () => import("shiki/langs/cmake.mjs"), makefile: () => import("shiki/langs/makefile.mjs"), docker: () => import("shiki/langs/docker.mjs"),
};

// A "theme" whose colors are the names of our classes.
const classes = ["", "k", "s", "n", "f", "t", "c"];
const color = (name: string) => `#00000${classes.indexOf(name)}`;
const rule = (scope: string[], name: string) => ({ scope, settings: { foreground: color(name) } });
const theme: ThemeRegistration = {
  name: "classes",
  type: "light",
  fg: "#000000",
  bg: "#ffffff",
  settings: [
    { settings: { foreground: "#000000", background: "#ffffff" } },
    rule(["comment", "punctuation.definition.comment", "meta.diff.header"], "c"),
    rule(["keyword", "storage", "keyword.operator.logical", "constant.language", "markup.heading", "entity.name.section"], "k"),
    rule(["keyword.operator"], ""),
    rule(["string", "punctuation.definition.string", "markup.inserted", "markup.inline.raw"], "s"),
    rule(["constant.numeric", "constant.character.escape", "constant.other", "markup.deleted"], "n"),
    rule(["entity.name.function", "support.function", "meta.function-call.generic", "markup.underline.link"], "f"),
    rule(["entity.name.type", "entity.name.class", "support.type", "support.class", "entity.name.tag", "entity.other.inherited-class", "support.type.property-name"], "t"),
    rule(["entity.other.attribute-name"], "f"),
  ],
};

let highlighter: Promise<HighlighterCore> | undefined;
/** A line as [text, class] pairs. */
export type ColoredLine = [string, string][];

onmessage = async ({ data }: MessageEvent<{ id: number; text: string; language: string }>) => {
  try {
    highlighter ??= createHighlighterCore({ themes: [theme], langs: [], engine: createJavaScriptRegexEngine({ forgiving: true }) });
    const shiki = await highlighter;
    const grammar = grammars[data.language];
    if (!grammar) throw new Error(data.language);
    await shiki.loadLanguage(grammar);
    const { tokens } = shiki.codeToTokens(data.text, { lang: data.language, theme: "classes", tokenizeMaxLineLength: 2000 });
    const lines: ColoredLine[] = tokens.map((line) => line.map((token) => [token.content, classes[Number(token.color?.slice(-1) ?? 0)] ?? ""]));
    postMessage({ id: data.id, lines });
  } catch {
    postMessage({ id: data.id, lines: null });
  }
};
