/** Findings about the output as a whole, and about emitters that the user names by path: they run here, but are not ours to trust. */
export const emitterCatalog = {
  "output/not-current": {
    severity: "error",
    message: (p: { path: string; state: string }) => `"${p.path}" is not what the schema gives now: ${p.state}.`,
    fix: "Run `synckit-gen generate`, and commit what it writes.",
  },
  "emitter/not-found": {
    severity: "error",
    message: (p: { path: string }) => `There is no emitter at "${p.path}".`,
    fix: "Give the path of a module to `--emitter`, or run with `--no-emitter` if it is no longer wanted.",
  },
  "emitter/outside": {
    severity: "error",
    message: (p: { path: string; lock: string }) => `"${p.lock}" names the emitter "${p.path}", which lies outside of the repository.`,
    fix: "Name the emitter with `--emitter` if you trust it, or move it into the repository.",
  },
  "emitter/unloadable": {
    severity: "error",
    message: (p: { path: string; reason: string }) => `The emitter "${p.path}" cannot be loaded: ${p.reason}.`,
    fix: "Correct the module. It is an ES module in JavaScript, or in TypeScript whose types Node can strip.",
  },
  "emitter/wrong-shape": {
    severity: "error",
    message: (p: { path: string; reason: string }) => `"${p.path}" is no emitter: ${p.reason}.`,
    fix: "Export `emitter`, an object with `name`, `summary` and `emit`; `synckit-gen templates eject` writes one to start from.",
  },
  "emitter/failed": {
    severity: "error",
    message: (p: { path: string; emitter: string; reason: string }) =>
      `The emitter "${p.emitter}" failed: ${p.reason}. Nothing was changed.`,
    fix: "Correct the emitter; with `--verbose` its stack trace is shown.",
  },
  "emitter/bad-file": {
    severity: "error",
    message: (p: { path: string; emitter: string; file: string; reason: string }) =>
      `The emitter "${p.emitter}" emits "${p.file}": ${p.reason}. Nothing was changed.`,
    fix: "Emit files with paths inside the output folder that no other emitter writes, LF line ends and one newline at the end.",
  },
} as const;
