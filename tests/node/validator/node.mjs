// The package for Node, imported as from an ES module.

import { pathToFileURL } from "node:url";

import { answers } from "./answers.mjs";
import { packaged, print, vectors } from "./host.mjs";

const validator = await import(pathToFileURL(packaged("nodejs/index.js")));
print(answers(validator, vectors));
