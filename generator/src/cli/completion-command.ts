/** `completion`: a script for a shell, made from the same description that parses the arguments. */
import { bashScript } from "./completion/bash.ts";
import { fishScript } from "./completion/fish.ts";
import { zshScript } from "./completion/zsh.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import type { Shell } from "./shells.ts";
import { usageTree } from "./usage.ts";
import type { CommandShape } from "./usage-tree.ts";

const SCRIPTS: Readonly<Record<Shell, (program: CommandShape) => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

export function runCompletion(shell: Shell, host: Host): ExitCode {
  host.stdout.write(SCRIPTS[shell](usageTree()));
  return EXIT.ok;
}
