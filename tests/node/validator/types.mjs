// Compiles types.ts against the package's declarations, and prints what the compiler finds wrong.

import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [folder, modules] = process.argv.slice(2);
const ts = createRequire(path.join(modules, "script.js"))("typescript");

const options = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
  types: [],
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};
// Imports of the package are looked up where it lies, by its own `exports`.
const host = ts.createCompilerHost(options);
const script = fileURLToPath(new URL("types.ts", import.meta.url));
const { name, exports } = JSON.parse(ts.sys.readFile(path.join(folder, "package.json")));
host.resolveModuleNameLiterals = (literals, from) =>
  literals.map(({ text }) => {
    const beside = text.startsWith("./") ? path.join(path.dirname(from), text.replace(/\.js$/, ".d.ts")) : undefined;
    const types = exports[text.replace(name, ".")]?.types;
    const file = beside ?? (types && path.join(folder, types));
    return { resolvedModule: file && { resolvedFileName: file, extension: ".d.ts" } };
  });
const found = ts.getPreEmitDiagnostics(ts.createProgram([script], options, host));
const line = ({ file, start, messageText }) => {
  const place = file === undefined ? "" : `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: `;
  return place + ts.flattenDiagnosticMessageText(messageText, "\n");
};
process.stdout.write(JSON.stringify(found.map(line)));
