#!/usr/bin/env node
// Written in the JavaScript of old Nodes, so that each of them can read its own refusal: better-sqlite3
// is built for Node-API 10, and a Node below it ends with a segmentation fault instead of a message.
var napi = Number(process.versions.napi);
if (!(napi >= 10)) {
  process.stderr.write(
    "synckit-server needs Node 22.14 or newer; this is Node " +
      process.versions.node +
      ".\nInstall a newer Node and run the command again; `npm install node@24` puts one into a project.\n",
  );
  process.exitCode = 2;
} else {
  import("../dist/cli/main.js")
    .then(function (cli) {
      return cli.main(process.argv.slice(2));
    })
    .then(
      function (exitCode) {
        process.exitCode = exitCode;
      },
      function (error) {
        process.stderr.write("synckit-server cannot start: " + String(error && error.stack) + "\n");
        process.exitCode = 70;
      },
    );
}
