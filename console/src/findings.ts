// The list of findings: what the squiggles say, for those who do not hover.

import { explanation } from "./diagnostics";
import type { Editor } from "./editor";
import { button, element, text } from "./page";
import type { Finding } from "./validator";

const count = element("findings-count", HTMLElement);
const list = element("findings", HTMLOListElement);
const title = element("findings-title", HTMLElement);

/** What is listed now. */
let listed = "";

/** Lists the findings of an editor's text. */
export function show(editor: Editor, findings: Finding[]): void {
  // What is written again is read out again, and takes the focus away from whoever is in the list.
  const next = JSON.stringify(findings);
  if (next === listed) return;
  listed = next;
  const hadFocus = list.contains(document.activeElement);
  count.textContent = summary(findings);
  list.replaceChildren(...findings.map((finding) => item(editor, finding)));
  if (hadFocus) title.focus();
}

/** `2 errors, 1 warning`. */
function summary(findings: Finding[]): string {
  const counted = (["error", "warning", "info"] as const).flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    const name = severity === "info" ? "note" : severity;
    return number === 0 ? [] : [`${number} ${name}${number === 1 ? "" : "s"}`];
  });
  return counted.join(", ") || "Nothing found: the document can be published.";
}

function item(editor: Editor, finding: Finding): HTMLLIElement {
  const whole = document.createElement("li");
  whole.className = finding.severity;
  const { span, fix, severity } = finding;
  const head = text("p", "", "head");
  head.append(text("strong", severity === "info" ? "note" : severity), " ");
  const place = span ? `line ${span.line}, column ${span.column}` : "the document";
  head.append(button(place, () => editor.show(finding)));
  if (fix) head.append(" ", button(`Fix: ${fix.title}`, () => editor.mend(finding)));
  whole.append(head, explanation(finding));
  return whole;
}
