// The validator, and the check of audit proofs, whose module is read when the first one is checked.

"use strict";

module.exports = { ...require("./validator.js") };

exports = module.exports;
exports.explainProof = (...given) => require("./proof.js").explainProof(...given);
exports.verifyProof = (...given) => require("./proof.js").verifyProof(...given);
