/** Findings about scaffolds: files that are made once, edited, and merged with what the generator writes now. */
export const scaffoldCatalog = {
  "output/exists": {
    severity: "error",
    message: (p: { path: string }) => `"${p.path}" is there already, and not empty. Nothing was changed.`,
    fix: "Choose another name, or move away what is there.",
  },
  "output/merge-conflict": {
    severity: "error",
    message: (p: { path: string }) => `"${p.path}" has a conflict: a declaration was changed here and by the generator. Yours was kept.`,
    fix: "Take what you need from the version in the comment, then delete the comment.",
  },
  "output/merge-kept": {
    severity: "warning",
    message: (p: { path: string; name: string }) =>
      `The generator no longer writes \`${p.name}\`; "${p.path}" keeps it, because you changed or use it.`,
    fix: "Delete it if you do not need it. This is said once.",
  },
  "output/merge-removed": {
    severity: "warning",
    message: (p: { path: string; name: string }) =>
      `The generator no longer writes \`${p.name}\`, and it was removed from "${p.path}", where nobody had changed it.`,
    fix: "If other files of yours import it, change them. This is said once.",
  },
  "output/merge-unparsable": {
    severity: "error",
    message: (p: { path: string }) => `"${p.path}" has a syntax error, so what is new could not be merged into it. It was left as it is.`,
    fix: "Correct the file and run again.",
  },
} as const;
