// Uses every type of the package as it is meant to be used, and does wrong what the types should not let pass.

import { check as nodeCheck, verifyProof as nodeVerify } from "@deputize/validator/nodejs";
import { contains as onlyContains, initSync as initContains } from "@deputize/validator/edge/contains";
import { check as edgeCheck, initSync } from "@deputize/validator/edge";
import init, { check, compile, contains, describe, loadCatalogue } from "@deputize/validator/web";
import initProof, { explainProof, verifyProof } from "@deputize/validator/web/proof";
import type { InclusionProof, ProofArgumentError, ProofCode, Verdict } from "@deputize/validator/web/proof";
import { initProof as initWithBoth, verifyProof as verifyWithBoth } from "@deputize/validator/web";
import type { Compiled, Containment, Description, Finding, FindingCode, Fix, Loaded, Refusal, Span, Target, ValidatorError, Witness } from "@deputize/validator/web";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>() => {};

holds<Same<ReturnType<typeof check>, Finding[]>>();
holds<Same<typeof check, (text: string) => Finding[]>>();
holds<Same<typeof compile, (text: string, target: Target) => Compiled>>();
holds<Same<typeof contains, (grant: string, request: string) => Containment>>();
holds<Same<typeof describe, (permission: string) => Description>>();
holds<Same<typeof loadCatalogue, (catalogue: string | Uint8Array) => Loaded>>();
holds<Same<Finding["severity"], "error" | "warning" | "info">>();
holds<Same<Target["cloud"], "aws" | "gcp" | "azure">>();
holds<Same<ReturnType<typeof nodeCheck>[number]["message"], string>>();
holds<Same<typeof edgeCheck extends (text: string) => unknown ? true : false, true>>();
holds<Same<typeof verifyProof, (entry: string | Uint8Array, proof: InclusionProof, checkpoint: string, key: string) => boolean>>();
holds<Same<ReturnType<typeof explainProof>, Verdict>>();
holds<Same<typeof nodeVerify, typeof verifyProof>>();
holds<Same<typeof verifyWithBoth, typeof verifyProof>>();
holds<Same<InclusionProof, { sequence: number; size: number; hashes: string[] }>>();

export async function prove(entry: string, proof: InclusionProof): Promise<string> {
  await Promise.all([initProof(), initWithBoth()]);
  try {
    const verdict = explainProof(entry, proof, "", "");
    const code: ProofCode | undefined = verdict.verified ? undefined : verdict.code;
    return verdict.verified ? `${verdict.origin} ${verdict.size}` : `${code} ${verdict.message}`;
  } catch (error) {
    const { code, argument } = error as ProofArgumentError;
    return `${code} ${argument}`;
  }
}

export async function use(module: WebAssembly.Module): Promise<string> {
  await init();
  initSync({ module });
  initContains({ module });
  const found: Finding | undefined = check("version: 1")[0];
  const code: FindingCode = found?.code ?? "missing-field";
  const span: Span | undefined = found?.span;
  const fix: Fix | undefined = found?.fix;
  const place: number = (span?.utf16.end ?? 0) + (fix?.span.line ?? 1);
  const answer = onlyContains("", "");
  const witness: Witness | undefined = answer.contained ? undefined : answer.witness;
  const compiled = compile("", { agent: "ops", cloud: "aws", index: 0 });
  try {
    const sent = compiled.cloud === "aws" ? `${compiled.policy} ${compiled.headroom + compiled.characters}` : compiled.enforcement;
    return `${code} ${place} ${witness?.region} ${sent}`;
  } catch (error) {
    const refusal: Refusal = error as ValidatorError;
    return refusal.code === "invalid_scope" ? refusal.findings.map((finding) => finding.message).join() : refusal.code;
  }
}

// @ts-expect-error: a text is a string
check(1);
// @ts-expect-error: the clouds have names
compile("", { agent: "ops", cloud: "AWS" });
// @ts-expect-error: there is no such field
compile("", { agent: "ops", cloud: "aws", idx: 0 });
// @ts-expect-error: there is no such code
const misspelt: FindingCode = "mising-field";
// @ts-expect-error: what is contained has no witness
const lucky = (answer: Containment & { contained: true }) => answer.witness;
// @ts-expect-error: what is proved has no reason against it
const proved = (verdict: Verdict & { verified: true }) => verdict.code;
// @ts-expect-error: a proof is no text
verifyProof("", "", "", "");
export { lucky, misspelt, proved };
