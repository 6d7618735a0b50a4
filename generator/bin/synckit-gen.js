#!/usr/bin/env node
// Written so that any Node can parse it: it must live long enough to say what is wrong.
"use strict";

// The version of Node-API that better-sqlite3 13 needs; Node 22.14 is the first release line with it.
var NEEDED = 10;

if (Number(process.versions.napi || 0) >= NEEDED) {
  import("../dist/cli/main.js").catch(function (error) {
    process.exitCode = 70;
    console.error(
      "synckit-gen could not start: " + (error && error.message) + "\nInstall it again; if that does not help, please report this message.",
    );
  });
} else {
  process.exitCode = 2;
  console.error(
    "synckit-gen needs Node.js 22.14 or newer (Node-API " +
      NEEDED +
      "); this is Node.js " +
      process.versions.node +
      " (Node-API " +
      (process.versions.napi || "none") +
      ").\n" +
      "Install a newer Node.js, or run synckit-gen through npx in a project that has `node` 24 among its dependencies.",
  );
}
