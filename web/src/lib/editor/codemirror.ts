import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting, type LanguageSupport } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colors = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null, tags.heading], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.monospace], color: "var(--code-string)" },
  { tag: [tags.number, tags.escape], color: "var(--code-number)" },
  { tag: [tags.function(tags.variableName), tags.link, tags.url], color: "var(--code-function)" },
  { tag: [tags.typeName, tags.className, tags.propertyName, tags.attributeName, tags.labelName, tags.tagName], color: "var(--code-type)" },
  { tag: [tags.comment, tags.meta, tags.processingInstruction], color: "var(--code-comment)" },
  { tag: tags.heading, fontWeight: "600" },
  { tag: tags.strong, fontWeight: "600" },
  { tag: tags.emphasis, fontStyle: "italic" },
]);
const look = EditorView.theme({
  "&": { fontSize: "13px", backgroundColor: "var(--bg)", color: "var(--text)", minHeight: "420px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px", minHeight: "420px", fontVariantLigatures: "none" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 16px 0 8px" },
  ".cm-gutters": { backgroundColor: "var(--bg)", color: "var(--text-muted)", border: "0", paddingInlineStart: "8px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--bg-subtle)" },
  ".cm-cursor": { borderInlineStartColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-soft)" },
  ".cm-matchingBracket": { backgroundColor: "var(--bg-active)" },
  ".cm-selectionMatch": { backgroundColor: "var(--warning-soft)" },
  ".cm-panels": { backgroundColor: "var(--bg-subtle)", color: "var(--text)", fontFamily: "var(--font)" },
  ".cm-textfield, .cm-button": { border: "1px solid var(--border-control)", background: "var(--bg)", color: "var(--text)", borderRadius: "4px" },
});

async function language_of(name: string | undefined): Promise<Extension[]> {
  const wrap = (support: LanguageSupport) => [support];
  switch (name) {
    case "markdown": {
      const [{ markdown, markdownLanguage }, { yamlFrontmatter }] = await Promise.all([import("@codemirror/lang-markdown"), import("@codemirror/lang-yaml")]);
      return [yamlFrontmatter({ content: markdown({ base: markdownLanguage }) })];
    }
    case "json":
      return wrap((await import("@codemirror/lang-json")).json());
    case "python":
      return wrap((await import("@codemirror/lang-python")).python());
    case "yaml":
      return wrap((await import("@codemirror/lang-yaml")).yaml());
    default:
      return [];
  }
}

interface Wanted {
  root: ShadowRoot;
  text: string;
  language: string | undefined;
  label: string;
  readonly: boolean;
  onchange: (text: string) => void;
  onsave: () => void;
}

export async function make_editor(wanted: Wanted): Promise<EditorView> {
  const language = await language_of(wanted.language);
  return new EditorView({
    root: wanted.root,
    parent: wanted.root,
    state: EditorState.create({
      doc: wanted.text,
      extensions: [
        lineNumbers(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        highlightSelectionMatches(),
        search({ top: true }),
        EditorState.readOnly.of(wanted.readonly),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": wanted.label, spellcheck: wanted.language === "markdown" ? "true" : "false" }),
        EditorView.perLineTextDirection.of(true),
        keymap.of([{ key: "Mod-Enter", run: () => (wanted.onsave(), true) }, { key: "Mod-s", run: () => (wanted.onsave(), true) }, ...defaultKeymap, ...historyKeymap, ...searchKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => update.docChanged && wanted.onchange(update.state.doc.toString())),
        syntaxHighlighting(colors),
        look,
        ...language,
      ],
    }),
  });
}
