// The validator: the one place that knows the package. Everything else takes these functions and types.

import initialise, { check, compile, contains } from "@deputize/validator/web";
import type {
  Compiled,
  Containment,
  Finding,
  Refusal,
  Target,
  ValidatorError,
  Witness,
} from "@deputize/validator/web";
import module from "@deputize/validator/web/validator.wasm?url";

export type { Compiled, Containment, Finding, Refusal, Target, Witness };

/** What the page asks of the validator. */
export interface Validator {
  /** All that is wrong with a scope document. */
  check(text: string): Finding[];
  /** What a cloud will be sent for an agent, or why there is nothing to send. */
  compile(text: string, target: Target): Answer<Compiled>;
  /** Whether a request lies within a grant. */
  contains(grant: string, request: string): Answer<Containment>;
}

/** A value, or why there is none. */
export type Answer<T> = { value: T } | { refusal: Refusal; message: string };

/** Fetches the wasm that was built with this page, and starts it. */
export async function load(): Promise<Validator> {
  await initialise({ module_or_path: module });
  return {
    check,
    compile: (text, target) => answer(() => compile(text, target)),
    contains: (grant, request) => answer(() => contains(grant, request)),
  };
}

function answer<T>(ask: () => T): Answer<T> {
  try {
    return { value: ask() };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { refusal: error, message: error.message };
  }
}

function isRefusal(error: unknown): error is ValidatorError {
  return error instanceof Error && error.name === "ValidatorError";
}
