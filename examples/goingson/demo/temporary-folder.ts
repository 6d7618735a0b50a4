/** A folder that is gone when the process is, however it ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "synckit-demo-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  // By themselves, signals end a process without its "exit" event.
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)
    process.once(signal, () => process.exit(status));
  return folder;
}
