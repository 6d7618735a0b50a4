/** What holds across the whole repository: its arrows, its manifests, and what must stand in no file. */
import { createRequire } from "node:module";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { violationsIn } from "./support/planted-tree.ts";
import { packageFolders, readManifest, readText, repositoryFiles, repositoryRoot } from "./support/workspace.ts";

/** A file that breaks rules on purpose, and the rules that must catch it. */
interface Plant {
  readonly path: string;
  readonly text: string;
  readonly rules: readonly string[];
}

const plant = (path: string, imported: string, ...rules: readonly string[]): Plant => ({
  path,
  text: `import { it } from "${imported}";\nexport const planted = it;\n`,
  rules,
});

const plants: readonly Plant[] = [
  plant("schemas/src/floor.ts", "@synckit-gen/runtime", "schemas-is-the-floor", "schemas-imports-nothing"),
  plant("schemas/src/disk.ts", "node:fs", "schemas-imports-nothing"),
  plant("schemas/src/protocol/wire-name.ts", "./codec/good.ts", "the-codec-has-one-door"),
  plant("templates/src/up.ts", "synckit-gen", "templates-see-only-the-model"),
  plant("generator/src/across.ts", "@synckit-gen/runtime", "generator-knows-no-runtime"),
  plant("generator/src/across-entry.ts", "@synckit-gen/runtime/generated-v1", "generator-knows-no-runtime"),
  plant("generator/src/across-type.ts", "@synckit-gen/server", "generator-knows-no-runtime"),
  plant("runtime/src/across.ts", "synckit-gen", "runtime-knows-no-generator"),
  plant("server/src/across.ts", "@synckit-gen/runtime", "server-knows-no-client"),
  plant("examples/app/main.ts", "@synckit-gen/templates", "examples-use-what-users-use"),
  plant("examples/app/inside.ts", "../../runtime/src/engine/pull.ts", "packages-meet-at-entry-points"),
  plant("runtime/src/inside.ts", "../../schemas/src/ir/model.ts", "packages-meet-at-entry-points"),
  plant("runtime/src/test-support.ts", "../../tests/support/shared.ts", "only-tests-import-tests"),
  plant("runtime/src/leans-on-test.ts", "./good.test.ts", "nothing-imports-a-test-file"),
  plant("generator/src/parse/late.ts", "../validate/good.ts", "parse-comes-first"),
  plant("generator/src/validate/late.ts", "../model/good.ts", "validate-follows-parse"),
  plant("generator/src/model/late.ts", "../emit/good.ts", "model-follows-validate"),
  plant("generator/src/emit/late.ts", "../cli/good.ts", "emit-follows-model"),
  plant("generator/src/write/late.ts", "../parse/good.ts", "write-follows-emit"),
  plant("generator/src/doctor/late.ts", "../cli/good.ts", "inspection-is-below-the-command-line"),
  plant("generator/src/doctor/database.ts", "better-sqlite3", "better-sqlite3-stays-home"),
  plant("generator/src/emit/disk.ts", "node:fs/promises", "the-disk-is-at-both-ends"),
  plant("templates/src/emitters/one.ts", "./two.ts", "emitters-do-not-import-each-other"),
  plant("runtime/src/engine/disk.ts", "node:fs", "the-engine-is-portable", "node-has-a-room-of-its-own"),
  plant("runtime/src/store/driver.ts", "better-sqlite3", "the-engine-is-portable", "better-sqlite3-stays-home"),
  plant("runtime/src/engine/sodium.ts", "libsodium-wrappers-sumo", "the-engine-is-portable", "libsodium-wrappers-sumo-stays-home"),
  plant("runtime/src/store/network.ts", "../engine/pull.ts", "the-store-knows-no-network"),
  plant("runtime/src/engine/keys.ts", "../crypto/good.ts", "the-engine-holds-no-keys"),
  plant("runtime/src/crypto/rows.ts", "../store/good.ts", "crypto-knows-no-database"),
  plant("generator/src/emit/yaml.ts", "yaml", "yaml-stays-home"),
  plant("generator/src/load/unplugin.ts", "unplugin", "unplugin-stays-home"),
  plant("generator/src/load/yargs.ts", "yargs", "yargs-stays-home"),
  plant("generator/src/load/handlebars.ts", "handlebars", "handlebars-stays-home", "declared-dependencies-only"),
  plant("generator/src/load/ts-morph.ts", "ts-morph", "ts-morph-stays-home", "declared-dependencies-only"),
  plant("server/src/storage/sodium.ts", "libsodium-wrappers-sumo", "libsodium-wrappers-sumo-stays-home"),
  plant("runtime/src/client/disk.ts", "node:fs", "node-has-a-room-of-its-own"),
  plant("runtime/src/keychain/phrase.ts", "@scure/bip39", "@scure/bip39-stays-home"),
  plant("runtime/src/keychain/system.ts", "@napi-rs/keyring", "@napi-rs/keyring-stays-home"),
  plant("runtime/src/client/hash.ts", "hash-wasm", "hash-wasm-stays-home"),
  plant("server/src/http/database.ts", "better-sqlite3", "better-sqlite3-stays-home"),
  plant("runtime/src/client/kysely.ts", "kysely", "kysely-stays-home"),
  plant("server/src/storage/hono.ts", "hono", "hono-stays-home"),
  plant("server/src/pages/routes.ts", "../http/good.ts", "pages-know-no-server"),
  plant("server/src/storage/node-server.ts", "@hono/node-server", "@hono/node-server-stays-home"),
  plant("server/src/http/postgres.ts", "pg", "pg-stays-home"),
  plant("server/src/http/s3.ts", "aws4fetch", "aws4fetch-stays-home"),
  plant("server/src/http/jose.ts", "jose", "jose-stays-home"),
  plant("server/src/http/prom-client.ts", "prom-client", "prom-client-stays-home"),
  plant("server/src/http/pino.ts", "pino", "pino-stays-home"),
  { path: "templates/src/lonely.ts", text: "export const lonely = 1;\n", rules: ["no-orphans"] },
  plant("runtime/src/typo.ts", "./no-such-file.ts", "no-unresolvable"),
  plant("runtime/src/undeclared.ts", "undeclared-library", "declared-dependencies-only"),
  // Every form of import is seen, not only the plainest.
  {
    path: "server/src/form-type.ts",
    text: `import type { It } from "kysely";\nexport type Mine = It;\n`,
    rules: ["kysely-stays-home", "declared-dependencies-only"],
  },
  { path: "server/src/form-from.ts", text: `export { it } from "kysely";\n`, rules: ["kysely-stays-home", "declared-dependencies-only"] },
  { path: "server/src/form-star.ts", text: `export * from "kysely";\n`, rules: ["kysely-stays-home", "declared-dependencies-only"] },
  { path: "server/src/form-bare.ts", text: `import "kysely";\n`, rules: ["kysely-stays-home", "declared-dependencies-only"] },
  {
    path: "server/src/form-call.ts",
    text: `export const load = () => import("kysely");\n`,
    rules: ["kysely-stays-home", "declared-dependencies-only"],
  },
];

/** Imports that every rule must let pass. */
const goodFiles: readonly Plant[] = [
  plant("schemas/src/protocol/codec/good.ts", "./members.ts"),
  plant("schemas/src/protocol/codec/members.ts", "../limits.ts"),
  plant("schemas/src/protocol/codec.ts", "./codec/good.ts"),
  { path: "schemas/src/protocol/limits.ts", text: "export const it = 1;\n", rules: [] },
  plant("templates/src/good.ts", "@synckit-gen/schemas/model"),
  plant("templates/src/emitters/two.ts", "../good.ts"),
  plant("generator/src/cli/good.ts", "yargs"),
  plant("generator/src/plugin/good.ts", "unplugin"),
  plant("generator/src/cli/main.ts", "@synckit-gen/templates"),
  plant("generator/bin/synckit-gen.js", "../dist/cli/main.js"),
  plant("generator/src/load/good.ts", "node:fs"),
  plant("generator/src/parse/good.ts", "yaml"),
  plant("generator/src/validate/good.ts", "../parse/good.ts"),
  plant("generator/src/model/good.ts", "../validate/good.ts"),
  plant("generator/src/emit/good.ts", "@synckit-gen/schemas/model"),
  plant("generator/src/sqlite/open-database.ts", "better-sqlite3"),
  plant("generator/src/sqlite/backup.ts", "node:fs"),
  plant("runtime/src/crypto/good.ts", "hash-wasm"),
  plant("runtime/src/node/good.ts", "node:fs"),
  plant("runtime/src/store/good.ts", "../driver/good.ts"),
  plant("runtime/src/driver/good.ts", "better-sqlite3"),
  plant("runtime/src/engine/pull.ts", "../store/good.ts"),
  plant("runtime/src/good.test.ts", "../../tests/support/shared.ts"),
  plant("server/src/storage/good.ts", "better-sqlite3"),
  plant("server/src/http/good.ts", "hono"),
  plant("server/src/pages/good.ts", "hono"),
  plant("examples/app/good.ts", "@synckit-gen/server"),
  plant("tests/good.test.ts", "../runtime/src/engine/pull.ts"),
  { path: "tests/support/shared.ts", text: "export const it = 1;\n", rules: [] },
  { path: "schemas/src/ir/model.ts", text: `export { used } from "../used.ts";\n`, rules: [] },
];

const libraries = [
  "unplugin",
  "yaml",
  "yargs",
  "handlebars",
  "ts-morph",
  "libsodium-wrappers-sumo",
  "hash-wasm",
  "@scure/bip39",
  "@napi-rs/keyring",
  "better-sqlite3",
  "kysely",
  "hono",
  "@hono/node-server",
  "jose",
  "pg",
  "aws4fetch",
  "prom-client",
  "pino",
  "undeclared-library",
];

test("every dependency rule catches the violation planted for it, and nothing else", () => {
  const files = new Map([...plants, ...goodFiles].map(({ path, text }) => [path, text]));

  expect(violationsIn(files, libraries)).toEqual(plants.flatMap(({ path, rules }) => rules.map((rule) => `${rule}: ${path}`)).toSorted());
});

test("every dependency rule has a violation planted for it", () => {
  const { forbidden } = createRequire(import.meta.url)("../dependency-cruiser.config.cjs") as {
    readonly forbidden: readonly { readonly name: string }[];
  };

  expect([...new Set(plants.flatMap(({ rules }) => rules))].toSorted()).toEqual(forbidden.map(({ name }) => name).toSorted());
});

const workspaces = (readManifest(".").workspaces ?? [])
  .flatMap((pattern) => globSync(pattern, { cwd: repositoryRoot }))
  .filter((folder) => existsSync(join(repositoryRoot, folder, "package.json")));

test.each(workspaces)("%s: MIT, ESM, and the version of all the others", (folder) => {
  const manifest = readManifest(folder);
  const siblings = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(([name]) =>
    /^(@synckit-gen\/|synckit-gen$)/.test(name),
  );

  expect(manifest).toMatchObject({ license: "MIT", type: "module", version: readManifest("generator").version });
  expect(siblings.filter(([, version]) => version !== manifest.version)).toEqual([]);
});

test.each(packageFolders)("%s says what it exports and ships, name by name", (folder) => {
  const { exports = {}, files = [] } = readManifest(folder);
  const sources = Object.values(exports).flatMap((target) =>
    typeof target === "object" && target !== null && "synckit-source" in target ? [String(target["synckit-source"])] : [],
  );

  expect(Object.keys(exports).filter((name) => name.includes("*"))).toEqual([]);
  expect(sources.filter((source) => !existsSync(join(repositoryRoot, folder, source)))).toEqual([]);
  expect(sources.length).toBeGreaterThan(0);
  expect(files).toContain("dist");
});

/** Waiting for time to pass: slow when it works, and it does not always. Time comes in through ports. */
const SLEEP = /new Promise[^;]*?\bset(?:Timeout|Interval)\(|timers\/promises|\bAtomics\.wait\(|\bsleep\(/;
const REGISTRY =
  /\b(?:registry\.[a-z]+\.(?:org|com|io|dev)|npmjs\.(?:org|com)|yarnpkg\.com|jsr\.io|pypi\.org|crates\.io|proxy\.golang\.org)\b/;
/** Where this clone lies, and where it was first written. */
const MACHINE_PATHS = [`${repositoryRoot}/`, ["", "work", ""].join("/")];

const linesWhere = (paths: readonly string[], isBad: (text: string) => boolean): readonly string[] =>
  paths.filter((path) => isBad(readText(path)));

test("no test sleeps", () => {
  // The services are programs of others: whether one has begun or ended can only be asked again. What is killed at a random
  // instant is waited for, and what goes on without its server must not spin.
  const tests = repositoryFiles().filter((path) => /\.test\.ts$|^tests\/(?!services\/|crash\/).*\.ts$/.test(path));

  expect(SLEEP.test(["await new Promise((resolve) => set", "Timeout(resolve, 50));"].join(""))).toBe(true);
  expect(linesWhere(tests, (text) => SLEEP.test(text))).toEqual([]);
});

test("no file names a package registry's host", () => {
  expect(REGISTRY.test(["https://registry", "npmjs", "org/yaml"].join("."))).toBe(true);
  expect(linesWhere(repositoryFiles(), (text) => REGISTRY.test(text))).toEqual([]);
});

test("no file holds an absolute path of the machine it was written on", () => {
  expect(linesWhere(repositoryFiles(), (text) => MACHINE_PATHS.some((path) => text.includes(path)))).toEqual([]);
});

const readme = existsSync(join(repositoryRoot, "README.md")) ? readText("README.md") : null;

test.runIf(readme !== null)("the README names two set-up commands, and CI runs the second, with services between its halves", () => {
  const blocks = [...(readme ?? "").matchAll(/```sh\n([^]*?)```/g)].map(([, block = ""]) => block);
  const commands = [...blocks.join("").matchAll(/npm (?:ci|i|install)\b[^\n]*/g)].map(([command]) => command.trim());

  expect([...new Set(commands)].toSorted()).toEqual(["npm ci && npm run demo", "npm ci && npm test"]);
  expect(readText(".ci/run")).toMatch(/\nnpm ci\n[^]*\nnpm test\n/);
});

test("`check` runs every check", () => {
  const { check = "", ...scripts } = readManifest(".").scripts ?? {};

  expect(check.split(" && ")).toEqual(
    Object.keys(scripts)
      .filter((name) => name.startsWith("check:"))
      .map((name) => `npm run ${name}`),
  );
});
