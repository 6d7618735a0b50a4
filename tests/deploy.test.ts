/** What `server/deploy` gives an operator: checked by systemd where it is installed, and held to what the server knows. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { freePort } from "./services/postgres.ts";

const ROOT = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const manifest = JSON.parse(read("server/package.json")) as {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
};
const unit = read("server/deploy/synckit-server.service");

/** What the server makes of an environment: each setting that was said there. */
function settingsIn(environment: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const { stdout, status } = spawnSync(process.execPath, [join(ROOT, "server/bin/synckit-server.js"), "config", "--json"], {
    env: { PATH: process.env["PATH"], ...environment },
    encoding: "utf8",
  });
  expect(status).toBe(0);
  const all = JSON.parse(stdout) as readonly { readonly name: string; readonly value: unknown; readonly source: string }[];
  return Object.fromEntries(all.filter(({ source }) => source.startsWith("SYNCKIT_")).map(({ name, value }) => [name, value]));
}
const pairs = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(text.split(" ").map((pair) => pair.split("=", 2) as [string, string]));

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

test.skipIf(!hasSystemd)(`systemd finds nothing wrong with the unit${hasSystemd ? "" : " (skipped: needs systemd-analyze)"}`, () => {
  const directory = mkdtempSync(join(tmpdir(), "synckit-unit-"));
  try {
    const file = join(directory, "synckit-server.service");
    // Of the program it only wants to know that there is one.
    const verify = (text: string): { readonly status: number | null; readonly stderr: string } => {
      writeFileSync(file, text);
      return spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
    };
    const whole = unit.replace("/usr/local/bin/synckit-server", process.execPath);
    expect(whole).not.toBe(unit);
    expect(verify(whole).stderr).not.toContain(file);
    expect(verify(whole.replace("RestartSec=2", "RestartSek=2")).stderr).toContain("RestartSek");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("the unit starts the program under a user of its own, with settings that there are", () => {
  const lines = unit.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines.filter((line) => line.startsWith("["))).toEqual(["[Unit]", "[Service]", "[Install]"]);
  for (const line of lines) expect(line).toMatch(/^(?:\[[A-Z][a-z]+\]|[A-Z]\w*=.*)$/);
  expect(lines).toContain("User=synckit");
  expect(lines).toContain("NoNewPrivileges=yes");
  const [program] = /^ExecStart=(\S+)/m.exec(unit)?.slice(1) ?? [];
  expect(program?.split("/").at(-1)).toBe(Object.keys(manifest.bin)[0]);
  const environment = /^Environment=(.*)$/m.exec(unit)?.[1] ?? "";
  expect(settingsIn(pairs(environment))).toEqual({ data: "/var/lib/synckit" });
  expect(manifest.files).toContain("deploy");
});

const INSTRUCTIONS = "FROM ARG RUN USER ENV VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD WORKDIR COPY LABEL".split(" ");

const containerSteps = (): readonly { readonly word: string; readonly rest: string }[] =>
  read("server/deploy/Containerfile")
    .replaceAll("\\\n", "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [word = "", ...rest] = line.split(" ");
      return { word, rest: rest.join(" ") };
    });

test("the container file installs this version, runs it without rights, and sets settings that there are", () => {
  const instructions = containerSteps();
  const of = (word: string): readonly string[] => instructions.filter((each) => each.word === word).map(({ rest }) => rest);
  const place = (word: string): number => instructions.findIndex((each) => each.word === word);

  for (const { word, rest } of instructions) {
    expect(INSTRUCTIONS).toContain(word);
    expect(rest).not.toBe("");
  }
  expect(place("FROM")).toBe(0);
  expect(of("FROM")).toHaveLength(1);
  expect(of("ARG")).toEqual([`VERSION=${manifest.version}`]);
  expect(of("RUN")[0]).toContain(`npm install --global ${manifest.name}@\${VERSION}`);
  expect(of("USER")).toEqual(["node"]);
  expect(place("USER")).toBeGreaterThan(instructions.findLastIndex(({ word }) => word === "RUN"));
  expect(settingsIn(pairs(of("ENV").join(" ")))).toEqual({ data: "/data", host: "0.0.0.0", port: 8787 });
  expect(of("VOLUME")).toEqual(["/data"]);
  expect(of("EXPOSE")).toEqual(["8787"]);
  expect(of("COPY")).toEqual([]);
  expect(JSON.parse(of("ENTRYPOINT")[0] ?? "")).toEqual(Object.keys(manifest.bin));
  expect(JSON.parse(/CMD (.*)/.exec(of("HEALTHCHECK")[0] ?? "")?.[1] ?? "")).toEqual(["node", "-e", expect.stringContaining("/health")]);
});

/** What a registry that cannot be reached makes npm say. */
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|ENOTCACHED/u;

test("the container file's steps, in a clean directory with the packed server: it installs, starts, is healthy and stops", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "synckit-container-"));
  const user = userInfo();
  const [data, port] = [join(directory, "data"), await freePort()];
  // The way to the registry is this machine's; its cache is not, since a step empties it.
  const machine = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    npm_config_prefix: join(directory, "usr"),
    npm_config_cache: join(directory, "cache"),
  };
  const steps = containerSteps();
  const of = (word: string): readonly string[] => steps.filter((each) => each.word === word).map(({ rest }) => rest);
  const here = (text: string): string => text.replaceAll("/data", data).replaceAll("8787", String(port));
  const environment = { ...machine, ...pairs(here(of("ENV").join(" "))), PATH: `${join(directory, "usr/bin")}:${machine.PATH}` };
  const health = (): number | null => {
    const [program = "", ...words] = JSON.parse(here(/CMD (.*)/.exec(of("HEALTHCHECK")[0] ?? "")?.[1] ?? "")) as readonly string[];
    return spawnSync(program, words, { cwd: directory, env: environment }).status;
  };
  try {
    const packed = spawnSync("npm", ["pack", "--json", "-w", "schemas", "-w", "server", "--pack-destination", directory], { cwd: ROOT });
    expect(packed.status).toBe(0);
    const archives = readdirSync(directory).filter((name) => name.endsWith(".tgz"));
    expect(archives).toHaveLength(2);
    for (const step of of("RUN")) {
      const command = here(step)
        .replace(`${manifest.name}@\${VERSION}`, archives.map((name) => `./${name}`).join(" "))
        .replace("-o node -g node", `-o ${user.uid} -g ${user.gid}`);
      const ran = spawnSync("sh", ["-ec", command], { cwd: directory, env: machine, encoding: "utf8", timeout: 60_000 });
      if (process.env["CI"] === undefined && (ran.signal !== null || OFFLINE.test(ran.stderr)))
        context.skip("skipped: npm cannot reach its registry");
      expect(ran).toMatchObject({ status: 0 });
    }
    expect(statSync(data).mode & 0o777).toBe(0o700);
    expect(health()).toBe(1);

    const [program = ""] = JSON.parse(of("ENTRYPOINT")[0] ?? "") as readonly string[];
    const server = spawn(program, { cwd: directory, env: environment, stdio: ["ignore", "pipe", "ignore"] });
    const exited = once(server, "exit");
    try {
      const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
      expect(JSON.parse(line)).toMatchObject({ url: expect.stringContaining(String(port)) });
      expect(health()).toBe(0);
    } finally {
      server.kill(of("STOPSIGNAL")[0] as NodeJS.Signals);
    }
    expect(await exited).toEqual([0, null]);
    expect(readdirSync(data)).not.toEqual([]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
