// The validator: the one place that knows the package. Everything else takes these functions and types.

import initialise, { check, compile, contains, loadCatalogue } from "@deputize/validator/web";
import type {
  Compiled,
  Containment,
  Finding,
  Refusal,
  Target,
  ValidatorError,
  Witness,
} from "@deputize/validator/web";
import aws from "@deputize/validator/catalogue/aws.txt?url";
import azure from "@deputize/validator/catalogue/azure.txt?url";
import gcp from "@deputize/validator/catalogue/gcp.txt?url";
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

/**
 * Fetches what is known of the clouds' permissions, after which `check` tells more. A page without it works, so what
 * fails is told and not thrown: the clouds whose permissions are not known.
 */
export async function loadCatalogues(): Promise<string[]> {
  const clouds = { AWS: aws, "Google Cloud": gcp, Azure: azure };
  const loads = Object.entries(clouds).map(async ([cloud, url]) => {
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      loadCatalogue(new Uint8Array(await response.arrayBuffer()));
      return [];
    } catch (error) {
      console.error(error);
      return [cloud];
    }
  });
  return (await Promise.all(loads)).flat();
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
