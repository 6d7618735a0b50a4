/** A device in a process of its own, which is killed once some of a file has come (files.test.ts). */
import { folderBlobFiles } from "@synckit-gen/runtime/node";
import { openApp } from "../src/open-app.ts";

const [serverUrl = "", apiKey = "", email = "", password = "", encryptionPassword = "", file = "", folder = "", maxBytesPerSecond = ""] =
  process.argv.slice(2);
const { sync } = openApp(file, {
  serverUrl,
  apiKey,
  deviceName: "C",
  blobs: { files: folderBlobFiles({ folder }), maxBytesPerSecond: Number(maxBytesPerSecond) },
});
await sync.signIn(email, password);
await sync.setupEncryptionExisting(encryptionPassword);
await sync.syncNow();
sync.events.subscribe((event) => {
  if (event.kind === "progress" && event.phase === "download" && event.done > 0) process.kill(process.pid, "SIGKILL");
});
await sync.blobs.downloadAll();
