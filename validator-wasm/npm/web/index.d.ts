export * from "./validator.js";
export { default } from "./validator.js";
export { default as initProof, explainProof, initSync as initProofSync, verifyProof } from "./proof.js";
export type { InclusionProof, ProofArgumentError, ProofCode, Verdict } from "./proof.js";
