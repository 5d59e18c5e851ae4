// The validator, and the check of audit proofs, which a bundler leaves out where nothing imports it.

export * from "./validator.js";
export { explainProof, verifyProof } from "./proof.js";
