// An editor of YAML with findings: CodeMirror in a shadow root. There, it gives its styles to the root's
// `adoptedStyleSheets`; anywhere else it would write them into `<style>` elements, and the page's policy would have to
// allow inline styles.

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentOnInput, indentUnit, syntaxTree } from "@codemirror/language";
import { linter, lintKeymap, nextDiagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import type { Text } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";

import { diagnostics, mend } from "./diagnostics";
import { highlighting, theme } from "./theme";
import type { Finding } from "./validator";

/**
 * What is typed over several lines. Chromium would merge the lines with inline styles, which the page's policy refuses,
 * so the edit is made before Chromium comes to it.
 */
const typingOverLines = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { doc, selection } = view.state;
    const several = doc.lineAt(selection.main.from).to < selection.main.to;
    if (!several || event.inputType !== "insertText" || event.data === null || view.composing) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(event.data), { scrollIntoView: true, userEvent: "input.type" });
    return true;
  },
});

/** How long after the last key a text is checked, in milliseconds. */
const PAUSE = 120;

export interface Options {
  parent: HTMLElement;
  /** What a screen reader calls it. */
  label: string;
  text: string;
  /** Finds what is wrong with a text. Called after each change, and after {@link Editor.check}. */
  check: (text: string) => Finding[];
  /** Told after each check. */
  checked?: (findings: Finding[]) => void;
}

export class Editor {
  readonly #view: EditorView;
  readonly #linting = new Compartment();
  readonly #options: Options;
  #checked: Text | undefined;

  constructor(options: Options) {
    this.#options = options;
    const root = options.parent.attachShadow({ mode: "open" });
    const dark = new Compartment();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    this.#view = new EditorView({
      parent: root,
      root,
      doc: options.text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        highlightSpecialChars(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        typingOverLines,
        bracketMatching(),
        indentOnInput(),
        indentUnit.of("  "),
        EditorState.tabSize.of(2),
        EditorView.lineWrapping,
        search({ top: true }),
        yaml(),
        theme,
        highlighting,
        dark.of(EditorView.darkTheme.of(scheme.matches)),
        EditorView.contentAttributes.of({
          "aria-label": `${options.label}. Escape, then Tab leaves the editor.`,
          // What can be edited can be focused; tools that look for barriers want to read it.
          tabindex: "0",
        }),
        // CodeMirror lets Tab through for a moment after Escape, so that indenting by it traps nobody.
        keymap.of([indentWithTab, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
        this.#linting.of(this.#linter()),
      ],
    });
    scheme.addEventListener("change", ({ matches }) =>
      this.#view.dispatch({ effects: dark.reconfigure(EditorView.darkTheme.of(matches)) }),
    );
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  /** Replaces the whole text. It can be undone like any other change. */
  set text(text: string) {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } });
  }

  get tree() {
    return syntaxTree(this.#view.state);
  }

  /** Checks again although the text has not changed. */
  check(): void {
    this.#view.dispatch({ effects: this.#linting.reconfigure(this.#linter()) });
  }

  focus(): void {
    this.#view.focus();
  }

  /** Goes to where a finding is. */
  show({ span }: Finding): void {
    const anchor = Math.min(span?.utf16.start ?? 0, this.#view.state.doc.length);
    this.#view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
    this.#view.focus();
  }

  /** Goes to the first finding, and shows what it says. */
  showNext(): void {
    this.#view.focus();
    nextDiagnostic(this.#view);
  }

  /** Applies a finding's fix, unless the text has changed since it was found. */
  mend(finding: Finding): void {
    if (this.#checked && mend(this.#view, this.#checked, finding)) this.#view.focus();
  }

  #linter() {
    const source = ({ state }: EditorView) => {
      const findings = this.#options.check(state.doc.toString());
      this.#checked = state.doc;
      this.#options.checked?.(findings);
      return diagnostics(state.doc, findings);
    };
    return linter(source, { delay: PAUSE });
  }
}
