/** A device in a process of its own, which fetches files until it is done or killed (files.test.ts). Says when some has come. */
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
  if (event.kind === "progress" && event.phase === "download" && event.done > 0) process.stdout.write("moving\n");
});
await sync.blobs.downloadAll();
