import { EditorState, Text } from "@codemirror/state";
import type { TransactionSpec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { describe, expect, test } from "vitest";

import { diagnostics, mend } from "./diagnostics";
import type { Finding } from "./validator";

/** A finding at a part of a text, with a fix of that part. */
function finding(start: number, end: number, replacement?: string): Finding {
  // The offsets in bytes differ on purpose: only those in UTF-16 are the editor's.
  const span = { start: 900, end: 901, line: 1, column: 1, utf16: { start, end } };
  const fix = replacement === undefined ? {} : { fix: { span, replacement, title: `write ${replacement}` } };
  return { code: "unknown-field", severity: "error", message: "there is no such field", span, ...fix };
}

/** As much of a view as a fix needs: no browser is there to show it. */
function view(text: string): EditorView & { text: () => string } {
  let state = EditorState.create({ doc: text });
  const dispatch = (spec: TransactionSpec) => void (state = state.update(spec).state);
  const fake = { dispatch, text: () => state.doc.toString(), get state() { return state; } };
  return fake as unknown as EditorView & { text: () => string };
}

describe("a diagnostic", () => {
  test("stands where the finding does, in UTF-16 code units", () => {
    const text = "# 🦀\ncluod: aws";
    const [diagnostic] = diagnostics(Text.of(text.split("\n")), [finding(5, 10)]);
    expect(text.slice(diagnostic?.from, diagnostic?.to)).toBe("cluod");
    expect(diagnostic?.source).toBe("unknown-field");
  });

  test("never stands beyond the text", () => {
    const [diagnostic] = diagnostics(Text.of(["ab"]), [finding(1, 7)]);
    expect([diagnostic?.from, diagnostic?.to]).toEqual([1, 2]);
  });

  test("of the document as a whole stands at its start", () => {
    const whole: Finding = { code: "missing-field", severity: "error", message: "there are no agents" };
    const [diagnostic] = diagnostics(Text.of(["ab"]), [whole]);
    expect([diagnostic?.from, diagnostic?.to]).toEqual([0, 0]);
  });

  test("has an action exactly where there is a fix", () => {
    const made = diagnostics(Text.of(["cluod"]), [finding(0, 5), finding(0, 5, "cloud")]);
    expect(made.map(({ actions }) => actions?.map(({ name }) => name))).toEqual([[], ["write cloud"]]);
  });
});

describe("a fix", () => {
  test("edits the text that it was made for, and selects what it wrote", () => {
    const editor = view("cluod: aws");
    expect(mend(editor, editor.state.doc, finding(0, 5, "cloud"))).toBe(true);
    expect(editor.text()).toBe("cloud: aws");
    expect(editor.state.selection.main.to).toBe(5);
  });

  test("leaves a text alone that has changed since", () => {
    const editor = view("cluod: aws");
    const checked = editor.state.doc;
    editor.dispatch({ changes: { from: 0, insert: "# typed meanwhile\n" } });
    expect(mend(editor, checked, finding(0, 5, "cloud"))).toBe(false);
    expect(editor.text()).toBe("# typed meanwhile\ncluod: aws");
  });
});
