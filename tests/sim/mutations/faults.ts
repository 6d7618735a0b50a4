/** Deliberate faults for the simulator, or a test, to catch: each a piece of the product's source and what stands there instead. */

export interface Fault {
  readonly name: string;
  /** What is wrong with the engine then. docs/testing.md has the same words. */
  readonly description: string;
  /** Stands in exactly one place of the sources of runtime or templates. */
  readonly find: string;
  readonly replace: string;
  /** The test that catches what random histories do not come upon, or cannot. */
  readonly test?: NamedTest;
}

export interface NamedTest {
  /** As it is seen from the repository's root. */
  readonly file: string;
  /** With its describe blocks' names before it: `block > test`. */
  readonly name: string;
}

/** A line of docs/testing.md. */
export const listed = ({ name, description, test }: Fault): string =>
  `- \`${name}\`: ${description}${test === undefined ? "" : ` (\`${test.file}\`)`}`;

export const faults: readonly Fault[] = [
  {
    name: "wall-clock-stamps",
    description: "an entry's stamp is the time of its capture, whatever was stamped or seen before",
    find: "max(?, max(timestamp + ? - place) OVER (ORDER BY id)) + place AS stamp",
    replace: "timestamp + 0 * max(?, ? - place) AS stamp",
  },
  {
    name: "remote-stamps-ignored",
    description: "a device's clock does not move past the stamps that it sees",
    find: "this.#scope.lastStamp = Math.max(this.#scope.lastStamp, change.clock.stamp);",
    replace: "",
  },
  {
    name: "device-tie-ignored",
    description: "of two edits with one stamp the device does not decide",
    find: "return a.device === b.device ? 0 : a.device < b.device ? -1 : 1;",
    replace: "return 0;",
  },
  {
    name: "ties-by-arrival",
    description: "`>=` for `>`: of two values with equal clocks the one that arrives last wins",
    find: "if (order < 0 || (order === 0 && !isGreater(value, before))) {",
    replace: "if (order < 0) {",
  },
  {
    name: "columns-by-arrival",
    description: "the change of a column that arrives last wins",
    find: "const order = compareClocks(clock, held);\n    if (order < 0 && !isWritten) continue;",
    replace: "const order = isWritten ? 1 : compareClocks(clock, held);\n    if (order < 0) continue;",
  },
  {
    name: "life-by-arrival",
    description: "the delete or edit that arrives last decides whether a row lives",
    find: "const order = compareClocks(change.clock, registers.life);",
    replace: "const order = 1;",
  },
  {
    name: "mask-forgotten-at-home",
    description: "an UPDATE of one column writes the registers of all, on its own device",
    find: "? maskToColumns(rows, entry.mask) : [];",
    replace: "? rows.columns : [];",
  },
  {
    name: "mask-forgotten-on-arrival",
    description: "an UPDATE of one column writes the registers of all, on other devices",
    find: "const written = !isWhole\n    ? new Set(mask)",
    replace: "const written = !isWhole\n    ? rows.columnSet",
  },
  {
    name: "weak-values-strong",
    description: "values that came along with an UPDATE count as written by it",
    find: "const clock = isWritten ? change.clock : ABSENT;",
    replace: "const clock = change.clock;",
  },
  {
    name: "local-edits-not-folded",
    description: "what triggers captured never reaches the registers",
    find: "if (rows !== undefined) this.#foldEntry(rows, entry);",
    replace: "",
  },
  {
    name: "own-entries-skipped",
    description: "a device does not read its own entries back, after a restore of its backup either",
    find: "const decoded = decode(store, format, entry);",
    replace: "if (entry.deviceId === device) continue; const decoded = decode(store, format, entry);",
  },
  {
    name: "dead-registers-forgotten",
    description: "the values of a deleted row are not kept",
    find: 'return this.#hold(work, "constraint", "FOREIGNKEY");\n      work.data = values;',
    replace: 'return this.#hold(work, "constraint", "FOREIGNKEY");\n      work.data = null;',
  },
  {
    name: "repairs-not-pushed",
    description: "what a rule did is not logged for the other devices",
    find: "parts.changelog.append({\n    table: rows.spec.name,",
    replace: "void ({\n    table: rows.spec.name,",
  },
  {
    name: "rules-never-applied",
    description: "rows without their parent wait for ever",
    find: "tryHeld(device, (opened) => opened.applyRules())",
    replace: "tryHeld(device, () => {})",
  },
  {
    name: "held-rows-dropped",
    description: "a row that cannot be stored yet is not remembered",
    find: "this.#scope.parts.held.put({",
    replace: "void ({",
  },
  {
    name: "capture-not-suppressed",
    description: "triggers capture what the engine writes",
    find: 'state.set("applying_remote", "1");',
    replace: 'state.set("applying_remote", "0");',
  },
  {
    name: "flag-outside-transaction",
    description: "the flag that suppresses capture is set before the transaction begins",
    find: "return transaction(() => {\n      if (deferForeignKeys)",
    replace: 'state.set("applying_remote", "1"); return transaction(() => {\n      if (deferForeignKeys)',
  },
  {
    name: "cursor-outside-transaction",
    description: "the cursor moves before the page is applied",
    find: "applyRemote: (device, changes, cursor, facts = {}) =>\n      apply(device,",
    replace:
      'applyRemote: (device, changes, cursor, facts = {}) =>\n      (cursor !== null && state.set("pull_cursor", String(cursor)), apply)(device,',
  },
  {
    name: "losses-not-kept",
    description: "an overwritten edit is not written to sync_conflicts",
    find: "add: ({ table, rowId, kind, values, loser, winner, noticedMs }) =>\n      void insert.run(",
    replace: "add: ({ table, rowId, kind, values, loser, winner, noticedMs }) =>\n      void Array.of(",
  },
  {
    name: "local-columns-captured",
    description: "triggers log every column of a table",
    find: "payload: (row) => payloadSql(synced, reference(row)),",
    replace:
      'payload: (row) => payloadSql(table.columns.map((column) => ({ ...column, kind: "synced", type: column.type ?? "text" })), reference(row)),',
  },
  {
    name: "leftovers-stay",
    description: "a device that starts over keeps rows that the server does not have",
    find: "for (let rows = over.leftovers(MAX_RESOLVED); rows.length > 0; rows = over.leftovers(MAX_RESOLVED))",
    replace: "for (let rows = over.leftovers(MAX_RESOLVED); rows.length < 0; rows = over.leftovers(MAX_RESOLVED))",
  },
  {
    name: "replaced-server-keeps-rows",
    description: "replacing the server does not delete what the log has besides",
    find: "for (const rowId of log.aliveIn(table)) {",
    replace: "for (const rowId of new Array<string>()) {",
  },
  {
    name: "snapshot-without-clocks",
    description: "rows of a snapshot come at the baseline",
    find: "base: known === null ? base : ABSENT,",
    replace: 'base: known === null ? { stamp: 0, device: "" } : ABSENT,',
  },
  {
    name: "passed-over-forgotten",
    description: "a device does not note that it has passed over what only a later version knows",
    find: 'if (isPartly) facts[REPLAY_ON_UPGRADE] = "1";',
    replace: 'if (isPartly) facts[REPLAY_ON_UPGRADE] = "0";',
  },
  {
    name: "earlier-names-unknown",
    description: "an entry that calls a column by its earlier name says nothing of it",
    find: "if (Object.hasOwn(payload, name)) continue;\n    const earlier",
    replace: 'if (name !== "") continue;\n    const earlier',
  },
  {
    name: "unsaid-columns-written",
    description: "what was captured before an update counts as having written the columns that are new",
    find: "this.#capturedBefore = this.#scope.parts.changelog.capturedBefore();",
    replace: "this.#capturedBefore = 0;",
    test: {
      file: "tests/versions.test.ts",
      name: "what was captured before the upgrade and not synced by then > is told with what its rows have in a column that begins to sync",
    },
  },
  {
    name: "rows-of-before-mixed",
    description: "where rows merge whole, two of before their devices joined have one clock",
    find: 'conflicts === "row" && apply === "upsert";',
    replace: 'conflicts === "row" && apply !== "upsert";',
    test: {
      file: "tests/sim/found.test.ts",
      name: "of rows that were there before, one stands as a whole where rows merge whole, and the other one is kept as a conflict",
    },
  },
  {
    name: "snapshot-of-another-log",
    description: "a snapshot is taken though the log lacks its checkpoint",
    find: "return holdsEntry(page.entries, manifest.checkpoint) ?",
    replace: "return page.entries.length >= 0 ?",
    test: { file: "tests/snapshots.test.ts", name: "a server that was restored from a backup gives no snapshot of what it has lost" },
  },
  {
    name: "forgotten-in-half-the-time",
    description: "deleted rows are forgotten after half the time for which a device may stay away, and not after twice that",
    find: "const forgetAfterMs = 2 * maxAwayDays * DAY_MS;",
    replace: "const forgetAfterMs = (maxAwayDays / 2) * DAY_MS;",
    test: {
      file: "tests/forgetting.test.ts",
      name: "whoever may still push what it did before it heard of a delete meets those who remember it > a device that was offline: its edit brings the row back whole",
    },
  },
  {
    name: "forgotten-not-told-again",
    description: "what others may have forgotten of a row is not told to them again",
    find: "changelog.noteUntold(change.table, change.rowId);",
    replace: "",
    test: {
      file: "tests/forgetting.test.ts",
      name: "a device that joins with an old copy of a row whose delete others have forgotten > begins with a snapshot that knows nothing of it: whoever remembers the delete tells it again",
    },
  },
];
