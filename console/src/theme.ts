// How an editor looks. Colours are the page's variables, which reach into shadow roots and follow the colour scheme.

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const squiggle = (colour: string) => ({
  // CodeMirror's own squiggle is an image in a `data:` address, which the page's policy does not allow.
  backgroundImage: "none",
  paddingBottom: "0",
  textDecoration: `underline wavy ${colour} 1.5px`,
  textDecorationSkipInk: "none",
  textUnderlineOffset: "3px",
});

const bordered = (colour: string) => ({ borderLeft: `4px solid ${colour}` });

export const theme = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--field)", fontSize: "0.875rem", height: "100%" },
  // The page frames the whole editor.
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { color: "var(--muted)", backgroundColor: "var(--field)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "var(--active)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--selection)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--selection)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selection)" },
  ".cm-panels": { color: "var(--text)", backgroundColor: "var(--panel)" },
  ".cm-textfield": { color: "var(--text)", backgroundColor: "var(--field)", border: "1px solid var(--edge)" },
  ".cm-button": {
    color: "var(--text)",
    backgroundColor: "var(--field)",
    backgroundImage: "none",
    border: "1px solid var(--edge)",
  },
  ".cm-tooltip": { color: "var(--text)", backgroundColor: "var(--panel)", border: "1px solid var(--edge)" },
  ".cm-diagnostic": { maxWidth: "34rem", padding: "0.4rem 0.6rem" },
  ".cm-diagnostic-error": bordered("var(--error)"),
  ".cm-diagnostic-warning": bordered("var(--warning)"),
  ".cm-diagnostic-info": bordered("var(--accent)"),
  ".cm-diagnosticAction": {
    color: "var(--on-accent)",
    backgroundColor: "var(--accent)",
    font: "inherit",
    marginLeft: "0",
    marginTop: "0.4rem",
    padding: "0.15rem 0.5rem",
  },
  ".cm-diagnosticSource": { display: "none" },
  ".explanation p": { margin: "0 0 0.25rem" },
  ".explanation .help": { color: "var(--muted)" },
  ".explanation code": { color: "var(--muted)", fontFamily: "var(--mono)" },
  ".cm-lintRange-error": squiggle("var(--error)"),
  ".cm-lintRange-warning": squiggle("var(--warning)"),
  ".cm-lintRange-info": squiggle("var(--accent)"),
  ".cm-lintRange-active": { backgroundColor: "var(--selection)" },
  ".cm-lintPoint-error:after": { borderBottomColor: "var(--error)" },
  ".cm-lintPoint-warning:after": { borderBottomColor: "var(--warning)" },
  ".cm-lintPoint-info:after": { borderBottomColor: "var(--accent)" },
});

export const highlighting = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--key)" },
    { tag: [tags.string, tags.attributeValue], color: "var(--string)" },
    { tag: tags.content, color: "var(--text)" },
    { tag: [tags.lineComment, tags.comment], color: "var(--muted)", fontStyle: "italic" },
    { tag: [tags.keyword, tags.labelName, tags.typeName, tags.meta], color: "var(--atom)" },
    { tag: [tags.punctuation, tags.separator, tags.bracket, tags.squareBracket, tags.brace], color: "var(--muted)" },
  ]),
);
