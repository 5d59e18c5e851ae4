export * from "./validator.js";
export { explainProof, verifyProof } from "./proof.js";
export type { InclusionProof, ProofArgumentError, ProofCode, Verdict } from "./proof.js";
