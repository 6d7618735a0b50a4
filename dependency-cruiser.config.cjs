/**
 * The architecture as rules (ARCHITECTURE.md says why). `tests/architecture.test.ts` plants a violation of each
 * one and sees it caught; add the planted violation when you add a rule.
 *
 * Sources are parsed by swc, since TypeScript 7 has no compiler API. swc does not tell type imports from others,
 * so every arrow here holds for types too; cycles, where only values matter, are oxlint's (`import/no-cycle`).
 */
"use strict";

const UNIT_TEST = "[.]test[.]ts$";

/** Nothing under `from` imports anything under `to`. */
const never = (name, from, to, comment) => ({ name, comment, severity: "error", from: { path: from }, to: { path: to } });

/** The library is imported in `home` only (and by tests, which look at things from outside). */
const home = (library, folder, comment) => ({
  name: `${library}-stays-home`,
  comment,
  severity: "error",
  from: { path: "^(schemas|templates|generator|runtime|server)/", pathNot: [folder, UNIT_TEST].flat() },
  to: { path: `node_modules/${library}/` },
});

module.exports = {
  forbidden: [
    // Packages
    never("schemas-is-the-floor", "^schemas/", "^(templates|generator|runtime|server|examples)/", "Everything depends on it."),
    {
      name: "schemas-imports-nothing",
      comment: "Generator, runtime and server load it, in Node and in browsers.",
      severity: "error",
      from: { path: "^schemas/src/", pathNot: UNIT_TEST },
      to: { pathNot: "^schemas/src/" },
    },
    never("templates-see-only-the-model", "^templates/", "^(generator|runtime|server|examples)/", "Model in, texts out."),
    never("generator-knows-no-runtime", "^generator/", "^(runtime|server|examples)/", "They meet in schemas and in generated code."),
    never("runtime-knows-no-generator", "^runtime/", "^(templates|generator|server|examples)/", "An app ships no generator."),
    never("server-knows-no-client", "^server/", "^(templates|generator|runtime|examples)/", "It could not decrypt if it wanted to."),
    never("examples-use-what-users-use", "^examples/", "^(schemas/src|templates)/", "Examples import what an application would."),
    {
      name: "packages-meet-at-entry-points",
      comment: "A folder of another package is its own business; import the package by its name.",
      severity: "error",
      from: { path: "^(schemas|templates|generator|runtime|server|examples)/" },
      to: { path: "^(schemas|templates|generator|runtime|server)/src/[^/]+/", pathNot: "^$1/" },
    },
    {
      name: "only-tests-import-tests",
      severity: "error",
      from: { path: "^(schemas|templates|generator|runtime|server|examples|scripts)/", pathNot: UNIT_TEST },
      to: { path: "^tests/" },
    },
    {
      name: "nothing-imports-a-test-file",
      comment: "What two tests share belongs in tests/support.",
      severity: "error",
      from: {},
      to: { path: UNIT_TEST },
    },

    never(
      "the-codec-has-one-door",
      "^schemas/src/(?!protocol/codec(?:/|[.]ts$))",
      "^schemas/src/protocol/codec/",
      "Its rooms are one module: names of the wire are asked for at codec.ts.",
    ),

    // Stages of the generator: each may use the vocabulary of earlier ones, never a later stage; from emit on, all is in the model.
    never("parse-comes-first", "^generator/src/parse/", "^generator/src/(validate|model|emit|write|cli)/"),
    never("validate-follows-parse", "^generator/src/validate/", "^generator/src/(model|emit|write|cli)/"),
    never("model-follows-validate", "^generator/src/model/", "^generator/src/(emit|write|cli)/"),
    never("emit-follows-model", "^generator/src/emit/", "^generator/src/(parse|validate|write|cli)/"),
    never("write-follows-emit", "^generator/src/write/", "^generator/src/(parse|validate|cli)/"),
    never(
      "inspection-is-below-the-command-line",
      "^generator/src/(sqlite|introspect|doctor|graph)/",
      "^generator/src/(write|cli)/",
      "A database or a model in, texts and findings out; commands decide what to write and what to print.",
    ),
    {
      name: "the-disk-is-at-both-ends",
      comment: "Everything between load and write is a function of values, so that a test of a stage is a call.",
      severity: "error",
      from: { path: "^(generator|templates)/src/", pathNot: ["^generator/src/(load|write|sqlite)/", UNIT_TEST] },
      to: { path: "^fs(/promises)?$" },
    },
    never(
      "emitters-do-not-import-each-other",
      "^templates/src/emitters/([^/]+)$",
      "^templates/src/emitters/(?!$1)",
      "Shared text lives beside them.",
    ),

    // Layers of the runtime
    never(
      "the-engine-is-portable",
      "^runtime/src/(engine|store)/",
      "node_modules/(better-sqlite3|libsodium-wrappers-sumo|hash-wasm)/|^(fs|fs/promises|path|crypto|os|worker_threads)$",
    ),
    {
      name: "node-has-a-room-of-its-own",
      comment: "Browsers load everything else but test helpers. (argon2id.ts names a type and asks the process for the rest.)",
      severity: "error",
      from: {
        path: "^runtime/src/",
        pathNot: ["^runtime/src/(node|testing)/", "-worker[.]ts$", "^runtime/src/crypto/argon2id[.]ts$", UNIT_TEST],
      },
      to: { dependencyTypes: ["core"] },
    },
    never("the-store-knows-no-network", "^runtime/src/store/", "^runtime/src/(engine|client|crypto|keychain)/"),
    never("the-engine-holds-no-keys", "^runtime/src/engine/", "^runtime/src/(crypto|keychain)/"),
    never("crypto-knows-no-database", "^runtime/src/(crypto|keychain)/", "^runtime/src/(engine|store|driver|generated)/"),

    // One home for each library, so that replacing one is a day's work.
    home("yaml", "^generator/src/parse/"),
    home("unplugin", "^generator/src/plugin/"),
    home("yargs", "^(generator|server)/src/cli/"),
    home("handlebars", "^templates/src/"),
    home("ts-morph", "^templates/src/"),
    home("libsodium-wrappers-sumo", ["^runtime/src/crypto/", "^server/src/password/"]),
    home("hash-wasm", "^runtime/src/crypto/"),
    home("@scure/bip39", "^runtime/src/crypto/"),
    home("@napi-rs/keyring", "^runtime/src/node/"),
    home(
      "better-sqlite3",
      ["^runtime/src/driver/", "^runtime/src/open-sync[.]ts$", "^server/src/storage/", "^generator/src/sqlite/open-database[.]ts$"],
      "open-sync names the handle's type.",
    ),
    home("kysely", "^runtime/src/generated/"),
    home("hono", "^server/src/(http|pages)/"),
    never("pages-know-no-server", "^server/src/pages/", "^server/src/(?!pages/)", "A view in, HTML out."),
    home("@hono/node-server", "^server/src/http/"),
    home("pg", "^server/src/(storage/postgres|notices)/"),
    home("aws4fetch", "^server/src/blobs/"),
    home("jose", "^server/src/session/"),
    home("prom-client", "^server/src/metrics/"),
    home("pino", "^server/src/cli/"),

    // Hygiene
    {
      name: "no-orphans",
      comment: "A module that nothing imports is dead, unless something outside starts it.",
      severity: "error",
      from: {
        orphan: true,
        pathNot: ["^tests/", "^examples/", "^scripts/", UNIT_TEST, "[.]d[.]ts$", "/bin/", "-worker[.]ts$", "[.]config[.]"],
      },
      to: {},
    },
    { name: "no-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "^[.]{1,2}/.*/dist/|^[.]{1,2}/dist/" } },
    {
      name: "declared-dependencies-only",
      comment: "What a package imports stands in its own package.json: the root's dependencies are not published.",
      severity: "error",
      from: { path: "^(schemas|templates|generator|runtime|server)/src/", pathNot: UNIT_TEST },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"] },
    },
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    // Built files, written files, what new apps begin as, and input of tests.
    exclude: { path: ["^[^/]+/dist/", "^tests/[.]generated/", "^templates/scaffolds/", "^tests/golden/", "^tests/platforms/"] },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      // As the tests resolve them: workspace packages by their sources, so that cross-package arrows show.
      conditionNames: ["synckit-source", "node", "import", "default"],
      extensions: [".ts", ".js", ".d.ts"],
    },
  },
};
