/** A server in a process of its own, over a database file that is new; its first line says how to reach it. */
import { startEmbeddedServer } from "@synckit-gen/server";

const [path] = process.argv.slice(2);
if (path === undefined) throw new RangeError("crash: the server needs a path");
const { url, apiKey, email, password } = await startEmbeddedServer({ path, password: "only for this run" });
process.stdout.write(`${JSON.stringify({ url, apiKey, email, password })}\n`);
