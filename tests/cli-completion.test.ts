/** Completion scripts, the bash one in a real bash; and help, which says the same as the tree that they are made from. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { allOptions } from "../generator/src/cli/usage-tree.ts";
import type { CommandShape } from "../generator/src/cli/usage-tree.ts";
import { usageTree } from "../generator/src/cli/usage.ts";
import { CliHome } from "./support/cli-home.ts";

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
});
afterEach(() => {
  home.dispose();
});

/** Every command with the words that call it. */
const commandsIn = (command: CommandShape, path: readonly string[] = []): readonly (readonly [path: string, command: CommandShape])[] =>
  command.commands.flatMap((child) => {
    const words = [...path, child.names[0] ?? ""];
    return [[words.join(" "), child] as const, ...commandsIn(child, words)];
  });

const commands = commandsIn(usageTree());

/** What bash offers for the last of these words, which may be empty. */
function complete(...words: readonly string[]): readonly string[] {
  const script = `source <("$1" "$2" completion bash); shift 2
COMP_WORDS=(synckit-gen "$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _synckit_gen; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const bin = new URL("../generator/bin/synckit-gen.js", import.meta.url).pathname;
  const ran = spawnSync("bash", ["-c", script, "bash", process.execPath, bin, ...words], { cwd: home.path, encoding: "utf8" });
  if (ran.status !== 0 || ran.stderr !== "") throw new Error(`bash: ${ran.stderr}`);
  return ran.stdout.split("\n").filter((line) => line !== "");
}

describe("bash", () => {
  test("has a completion for the command once the script is sourced", () => {
    const bin = new URL("../generator/bin/synckit-gen.js", import.meta.url).pathname;
    const script = `source <("$1" "$2" completion bash); complete -p synckit-gen`;

    expect(spawnSync("bash", ["-c", script, "bash", process.execPath, bin], { encoding: "utf8" })).toMatchObject({
      status: 0,
      stdout: "complete -o default -F _synckit_gen synckit-gen\n",
      stderr: "",
    });
  });

  test("offers every command, aliases included", () => {
    expect(complete("")).toEqual(usageTree().commands.flatMap(({ names }) => names));
  });

  test.each(commands.filter(([, command]) => command.commands.length > 0))("offers the commands of %s", (path, command) => {
    expect(complete(...path.split(" "), "")).toEqual(command.commands.flatMap(({ names }) => names));
  });

  test.each(commands)("offers every option of %s", (path, command) => {
    const offered = complete(...path.split(" "), "--");

    for (const [name, { default: value, hidden }] of allOptions(command)) {
      if (hidden !== true) expect(offered).toContain(value === true ? `--no-${name}` : `--${name}`);
    }
  });

  test.each([
    [["gen"], ["generate", "gen"]],
    [
      ["check", "--format", ""],
      ["text", "json", "github", "sarif"],
    ],
    [["check", "--format", "=", "s"], ["sarif"]],
    [
      ["g", "--import-suffix", ""],
      [".js", ".ts"],
    ],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["templates", "e"], ["eject"]],
    // Files: bash's own completion takes over.
    [["check", "--out", ""], []],
    [["check", ""], []],
    [["--ver"], ["--version"]],
  ])("%j gives %j", (words, offered) => {
    expect(complete(...words)).toEqual(offered);
  });
});

describe.each(["zsh", "fish"])("%s", (shell) => {
  test("knows every command and every option", () => {
    const { out } = home.run(["completion", shell]);

    for (const [, command] of commands) {
      for (const name of command.names) expect(out).toContain(name);
      for (const [name, { default: value }] of command.options) {
        const typed = value === true ? `no-${name}` : name;
        expect(out).toContain(shell === "fish" ? `-l ${typed} ` : `--${typed}`);
      }
    }
  });

  test.runIf(spawnSync(shell, ["--version"]).status === 0)("is a script that the shell reads", () => {
    home.put("completion", home.run(["completion", shell]).out);

    expect(spawnSync(shell, ["-n", "completion"], { cwd: home.path, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("help", () => {
  test.each(commands.filter(([, command]) => command.commands.length === 0))(
    "of %s shows every option, what it is for, and two examples",
    (path, command) => {
      const { code, out } = home.run([...path.split(" "), "--help"]);

      expect(code).toBe(0);
      expect(out).toContain(command.about);
      for (const [name, { hidden }] of allOptions(command)) if (hidden !== true) expect(out).toContain(`--${name}`);
      expect(command.examples.length).toBeGreaterThanOrEqual(2);
      expect(out).toContain("Examples:");
    },
  );

  test("lists every exit code", () => {
    const { out } = home.run(["--help"]);

    for (const code of ["0 fine", "1 findings", "2 wrong usage", "3 a decision", "70 a bug", "130 interrupted"])
      expect(out.replaceAll(/\s+/gu, " ")).toContain(code);
  });

  test("a short option means the same everywhere", () => {
    const meanings = new Map<string, Set<string>>();
    for (const [, command] of commands) {
      for (const [name, { alias }] of allOptions(command))
        if (alias !== undefined) meanings.set(alias, (meanings.get(alias) ?? new Set()).add(name));
    }

    expect([...meanings].filter(([, names]) => names.size > 1).map(([alias, names]) => `-${alias}: ${[...names].join(", ")}`)).toEqual([]);
  });
});

describe("docs/cli.md", () => {
  const page = new URL("../docs/cli.md", import.meta.url);
  const common = new Set(["cwd", "format", "quiet", "verbose", "color", "input"]);

  /** A section for each command: what it does, its arguments and options, its examples. */
  const section = ([path, { names, about, positionals, options, examples }]: (typeof commands)[number]): string => {
    const places = positionals.map(({ name, isRequired, isList }) => (isRequired ? `<${name}>` : `[${name}${isList ? ".." : ""}]`));
    const cell = (text: string): string => text.replaceAll("|", String.raw`\|`);
    const shortOf = (alias: string | undefined): string => (alias === undefined ? "" : `\`-${alias}\`, `);
    const rows = [
      ...positionals.map(({ name, option }) => ({ name: `\`${name}\``, option })),
      ...[...options]
        .filter(([name, { hidden }]) => !common.has(name) && hidden !== true)
        .map(([name, option]) => ({ name: `${shortOf(option.alias)}\`--${name}\``, option })),
    ];
    const table = rows.map(({ name, option }) => {
      const words = option?.choices?.map((choice) => `\`${choice === "" ? '""' : choice}\``);
      return `| ${name} | ${cell(option?.describe ?? "")}${words === undefined ? "" : ` (${words.join(", ")})`} |\n`;
    });
    const aliases =
      names.length > 1
        ? ` Also: ${names
            .slice(1)
            .map((name) => `\`${name}\``)
            .join(", ")}.`
        : "";
    const shown = examples.map(([command, note]) => `${command.replaceAll("$0", "synckit-gen")}    # ${note}\n`);
    return `### ${path}\n\n\`synckit-gen ${[path, ...places].join(" ")}\`: ${about}.${aliases}\n\n${table.length === 0 ? "" : `| | |\n| --- | --- |\n${table.join("")}\n`}\`\`\`sh\n${shown.join("")}\`\`\`\n`;
  };

  test("describes every command and every option", () => {
    const text = readFileSync(page, "utf8");
    const written = `<!-- commands: begin -->\n\n${commands
      .filter(([, command]) => command.commands.length === 0)
      .map(section)
      .join("\n")}\n<!-- commands: end -->`;
    const current = text.replace(/<!-- commands: begin -->[^]*<!-- commands: end -->/u, () => written);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(page, current);

    expect(text === current || process.env["UPDATE_GOLDEN"] === "1", "docs/cli.md is not current").toBe(true);
  });
});

test("docs/comparison.md answers every feature, and every no has a reason", () => {
  const page = readFileSync(new URL("../docs/comparison.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| (\d+) \| ([^|]+) \| (yes|no) \| ([^|]*)\|$/gmu)];

  expect(rows.map(([, number]) => Number(number))).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
  expect(rows.filter(([, , , answer, note = ""]) => answer === "no" && note.trim() === "").map(([line]) => line)).toEqual([]);
  expect(page).toContain(
    `${rows.filter(([, , , answer]) => answer === "yes").length} yes, ${rows.filter(([, , , answer]) => answer === "no").length} no.`,
  );
});

describe("did you mean", () => {
  test.each([
    [["chekc"], '"check"'],
    [["generate", "--wacth"], '"--watch"'],
    [["check", "--fulll"], '"--full"'],
    [["templates", "list", "--quite"], '"--quiet"'],
    [["explain", "colum/unknown"], '"column/unknown"'],
    [["templates", "eject", "tabels"], '"tables"'],
  ])("%j", (args, meant) => {
    const ran = home.run(args);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain(`Did you mean ${meant}?`);
  });
});
