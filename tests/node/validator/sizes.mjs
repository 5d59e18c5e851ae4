// How large the modules of a folder are once compressed, by the name of their file.

import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { brotliCompressSync } from "node:zlib";

const [folder] = process.argv.slice(2);
const names = (await readdir(folder)).filter((name) => name.endsWith(".wasm"));
names.push("../catalogue/aws.txt");
const sizes = await Promise.all(
  names.map(async (name) => [path.basename(name), brotliCompressSync(await readFile(path.join(folder, name))).length]),
);
process.stdout.write(JSON.stringify(Object.fromEntries(sizes)));
