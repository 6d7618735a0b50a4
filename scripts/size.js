/**
 * What the runtime adds to a browser's bundle: `npm run size`. The core is bundled with nothing left out and nothing put in
 * Node's place, so an import of Node's in it is an error here.
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;

/** Bytes of what is loaded at once, and of what is loaded when it is used. */
async function sizeOf(code, external = []) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: `${root}/examples/quickstart` },
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["synckit-source"],
    outdir: "out",
    write: false,
    external,
    logLevel: "silent",
  });
  const [first, ...later] = outputFiles.map(({ contents }) => ({
    minified: contents.length,
    gzip: gzipSync(contents, { level: 9 }).length,
  }));
  const sum = (member) => later.reduce((total, file) => total + file[member], 0);
  return { first, later: { minified: sum("minified"), gzip: sum("gzip") } };
}

const core = 'export * from "@synckit-gen/runtime"; export * from "@synckit-gen/runtime/generated-v1"';
const app = 'export * from "./sync/sync.ts"';
const libraries = ["libsodium-wrappers-sumo", "kysely", "hash-wasm"];
const print = (name, { minified, gzip }) => console.log(`${name.padEnd(52)} ${kib(minified).padStart(8)} ${kib(gzip).padStart(8)} gzip`);

const whole = await sizeOf(core);
print("the runtime, with all that it needs", whole.first);
print("  loaded when a recovery phrase is used", whole.later);
print("the same without libsodium", (await sizeOf(core, libraries.slice(0, 1))).first);
print("the same without libsodium, Kysely and hash-wasm", (await sizeOf(core, libraries)).first);
print("the quickstart's generated code, with all", (await sizeOf(app)).first);
