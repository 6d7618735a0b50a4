/** The commands that look after the data as a whole: `backup`, `restore` and `doctor`. */
import { resolve } from "node:path";
import type { Argv } from "yargs";
import { backUp, BackupError, type BackupManifest } from "../backup/backup.ts";
import { findFaults } from "../backup/find-faults.ts";
import { restore } from "../backup/restore.ts";
import { nowText, systemClock } from "../system.ts";
import { CliError, EXIT_FAILED } from "./cli-error.ts";
import { describeStores, openBlobs, openStorage } from "./open-stores.ts";
import { managed, positionals, text } from "./read-arguments.ts";

export const dataCommands = (argv: Argv): Argv =>
  argv
    .command(
      "backup <directory>",
      "Copy database and blobs, while the server runs",
      positionals({ directory: "New or empty" }),
      async (given) => {
        const { isJson, ...stores } = managed(given);
        const to = resolve(text(given, "directory"));
        const storage = await openStorage(stores);
        try {
          const manifest = await backUp(storage, folderOf(stores), to, nowText(systemClock));
          report(isJson, manifest, [`Backed up to ${to}: ${counted(manifest)}.`, ...remarks(manifest)]);
          if (manifest.missingBlobs.length > 0) throw new CliError(EXIT_FAILED, "Run synckit-server doctor.");
        } finally {
          await storage.close();
        }
      },
    )
    .command(
      "restore <directory>",
      "Make a backup the data directory; the server must be stopped",
      (own) =>
        positionals({ directory: "A backup" })(own).option("replace", {
          describe: "Overwrite what is there",
          type: "boolean",
          default: false,
        }),
      async (given) => {
        const { isJson, ...stores } = managed(given);
        if (stores.database !== null) throw new BackupError("this database has its own means: use pg_restore");
        const from = resolve(text(given, "directory"));
        const manifest = await restore(from, stores.data, folderOf(stores), { mayReplace: given["replace"] === true });
        report(isJson, manifest, [`Restored to ${stores.data}, as of ${manifest.madeAt}: ${counted(manifest)}.`, ...remarks(manifest)]);
      },
    )
    .command(
      "doctor",
      "Check database, counters and blobs",
      (own) => own,
      async (given) => {
        const { isJson, ...stores } = managed(given);
        const storage = await openStorage(stores);
        try {
          const faults = await findFaults(storage, openBlobs(stores));
          report(isJson, { faults }, faults.length === 0 ? ["All is well."] : faults.map(({ part, what }) => `${part}: ${what}`));
          if (faults.length > 0) throw new CliError(EXIT_FAILED, `${faults.length} found.`);
        } finally {
          await storage.close();
        }
      },
    );

/** Null: blobs are in a store of their own. */
function folderOf(stores: Parameters<typeof describeStores>[0]): string | null {
  const { blobs } = describeStores(stores);
  return /^[a-z][a-z0-9+.-]+:/iu.test(blobs) ? null : blobs;
}

const counted = ({ accounts, changes, blobs, hasBlobs }: BackupManifest): string =>
  `${accounts} accounts, ${changes} changes${hasBlobs ? `, ${blobs} blobs` : "; blobs are in a store of their own"}`;

const remarks = ({ missingBlobs }: BackupManifest): readonly string[] => missingBlobs.map((name) => `Not there: the bytes of blob ${name}`);

function report(isJson: boolean, json: object, lines: readonly string[]): void {
  process.stdout.write(`${isJson ? JSON.stringify(json) : lines.join("\n")}\n`);
}
