// The validator, and the check of audit proofs: two modules of WebAssembly, each loaded by who asks for it.

export * from "./validator.js";
export { default } from "./validator.js";
export { default as initProof, explainProof, initSync as initProofSync, verifyProof } from "./proof.js";
