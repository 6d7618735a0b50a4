/** The system's keychain: a real gnome-keyring on a message bus of its own. Start it with: apt-get install gnome-keyring dbus libsecret-tools. */
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startEmbeddedServer } from "@synckit-gen/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "./support/workspace.ts";

const isHere = ["dbus-run-session", "gnome-keyring-daemon", "secret-tool"].every(
  (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0,
);

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "synckit-keyring-"));
  mkdirSync(join(home, "run"));
  chmodSync(join(home, "run"), 0o700);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const program = (...args: readonly string[]): string =>
  [process.execPath, "--conditions=synckit-source", join(repositoryRoot, "tests/support/keychain-session.ts"), ...args]
    .map((part) => `'${part}'`)
    .join(" ");

/** Runs a shell script on a message bus of its own, the keyring unlocked unless said otherwise. Gives its last line, parsed. */
async function inSession(script: string, { unlock = true } = {}): Promise<unknown> {
  const keyring = unlock ? "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; " : "";
  const env = { PATH: process.env["PATH"], HOME: home, XDG_RUNTIME_DIR: join(home, "run") };
  const { stdout } = await promisify(execFile)("dbus-run-session", ["--", "bash", "-c", keyring + script], { env, timeout: 60_000 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

describe.runIf(isHere)("the system's keychain (start it: apt-get install gnome-keyring dbus libsecret-tools)", () => {
  test("a real keychain keeps bytes for a later session, and forgets them when told", async () => {
    expect(await inSession(program("store"))).toEqual({ kind: "system", stored: [0, 255, 10, 13], missing: null });
    expect(await inSession(program("read"))).toEqual({ read: [0, 255, 10, 13] });
    // Another program finds it under the names that docs/crypto.md gives.
    expect(await inSession(`secret-tool search service synckit 2>/dev/null | grep -c '^label' | sed 's/^/{"found":/;s/$/}/'`)).toEqual({
      found: 1,
    });
    expect(await inSession(program("delete"))).toEqual({ read: null });
  });

  test("a later run of the application takes session and key from it", async () => {
    const server = await startEmbeddedServer();
    const about = [server.url, server.apiKey, server.email, server.password];
    try {
      expect(await inSession(program("sign-in", ...about))).toMatchObject({ loaded: true, hasKey: true });
      expect(await inSession(program("later-run", ...about))).toMatchObject({
        loaded: true,
        hasKey: true,
        session: { userId: server.userId },
      });
    } finally {
      await server.close();
    }
  });

  test("where there is no bus, that is said", () => {
    const { stdout } = spawnSync("bash", ["-c", program("store")], {
      env: { PATH: process.env["PATH"], HOME: home },
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(JSON.parse(stdout)).toEqual({ code: "keychain/unavailable" });
  });

  test("a keyring that nobody unlocked is an error, and nothing is written elsewhere", async () => {
    const answer = (await inSession(program("store"), { unlock: false })) as { code?: string };
    expect(["keychain/failed", "keychain/unavailable"]).toContain(answer.code);
  });
});
