/** The server's process, over the files of the one before; its first line says where it listens. */
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { createServer, openFolderBlobs, openSqliteStorage } from "@synckit-gen/server";

const [folder = "", port = ""] = process.argv.slice(2);
const storage = openSqliteStorage(join(folder, "server.db"));
const server = createServer({ storage, blobs: openFolderBlobs(join(folder, "blobs")), rateLimits: null });
const { url } = await server.listen({ port: Number(port) });
process.stdout.write(`${url}\n`);
flushCompileCache(); // a killed process leaves none
