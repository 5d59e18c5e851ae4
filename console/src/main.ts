// The console: the scope page, and the audit page beside it.

import example from "../../examples/mission.yaml?raw";
import * as audit from "./audit/page";
import { Editor } from "./editor";
import * as findings from "./findings";
import { agents } from "./outline";
import { element, text } from "./page";
import * as pages from "./pages";
import * as playground from "./playground";
import * as policy from "./policy";
import { Publication } from "./publication";
import { load, loadCatalogues } from "./validator";
import type { Finding } from "./validator";

async function start(): Promise<void> {
  const validator = await load();
  const missing = await loadCatalogues();
  if (missing.length > 0) {
    const message = `The permissions of ${missing.join(", ")} could not be loaded: misspelt ones are not found.`;
    element("broker-alert", HTMLElement).append(text("p", message, "warning"));
  }
  let found: Finding[] = [];
  let publication: Publication | undefined;
  const showPolicy = () => policy.show(validator, editor.text, agents(editor.tree, editor.text));
  const editor = new Editor({
    parent: element("editor", HTMLElement),
    label: "Scope document, in YAML",
    text: example,
    check: validator.check,
    checked: (now) => {
      found = now;
      findings.show(editor, now);
      showPolicy();
      publication?.showOrigin();
    },
  });
  policy.onChoice(showPolicy);
  playground.open(validator);
  publication = new Publication(editor, () => found.some(({ severity }) => severity === "error"));
}

pages.follow();
audit.open();
start().catch((error: unknown) => {
  console.error(error);
  const message = "The validator could not be started. Reload the page; the browser's console says why.";
  element("broker-alert", HTMLElement).append(text("p", message, "error"));
});
