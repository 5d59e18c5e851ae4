// What a form does: once at a time, and what went wrong is told beside it.

import { Problem } from "../broker";
import { sentence, text } from "../page";

/** What does a form's tasks, one after the other. */
export function task(
  form: HTMLElement,
  answer: HTMLElement,
  alert: HTMLElement,
): (work: () => Promise<void>) => Promise<void> {
  return async (work) => {
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    alert.replaceChildren();
    answer.replaceChildren();
    try {
      await work();
    } catch (error) {
      alert.replaceChildren(text("p", reason(error), "error"));
    } finally {
      form.ariaBusy = "false";
    }
  };
}

/** Why something did not work, as a sentence. */
export function reason(error: unknown): string {
  if (error instanceof Problem && error.status === 401) return "The broker does not know this token.";
  return sentence(error instanceof Error ? error.message : String(error));
}
