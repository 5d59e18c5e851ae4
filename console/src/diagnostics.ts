// Findings as the editor shows them: a squiggle, what hovers over it, and the fix.

import type { Diagnostic } from "@codemirror/lint";
import type { Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

import type { Finding } from "./validator";

/** The diagnostics of a document that `findings` were made of. */
export function diagnostics(document: Text, findings: Finding[]): Diagnostic[] {
  return findings.map((finding) => {
    const { start, end } = finding.span?.utf16 ?? { start: 0, end: 0 };
    return {
      from: Math.min(start, document.length),
      to: Math.min(end, document.length),
      severity: finding.severity,
      source: finding.code,
      message: finding.message,
      renderMessage: () => explanation(finding),
      actions: finding.fix ? [{ name: finding.fix.title, apply: (view) => mend(view, document, finding) }] : [],
    };
  });
}

/** Applies a finding's fix, as long as the text is the one that it was made for. */
export function mend(view: EditorView, checked: Text, { fix }: Finding): boolean {
  if (!fix || !view.state.doc.eq(checked)) return false;
  const { start, end } = fix.span.utf16;
  view.dispatch({
    changes: { from: start, to: end, insert: fix.replacement },
    selection: { anchor: start, head: start + fix.replacement.length },
    scrollIntoView: true,
    userEvent: "input.fix",
  });
  return true;
}

/** What a finding says: message, help and code. */
export function explanation({ message, help, code }: Finding): HTMLElement {
  const whole = document.createElement("div");
  whole.className = "explanation";
  whole.append(part("p", "message", message));
  if (help !== undefined) whole.append(part("p", "help", help));
  whole.append(part("code", "code", code));
  return whole;
}

function part(tag: "p" | "code", name: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}
