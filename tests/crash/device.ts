/** The app's process: edits and cycles without an end. Each edit is said on standard output once it is committed: `insert ID` or `delete ID`. */
import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { isSyncError } from "@synckit-gen/runtime";
import { seededRandom } from "../sim/random.ts";
import { type Account, openApp } from "./app.ts";

const [path = "", name = "", account = "", seed = ""] = process.argv.slice(2);
const random = seededRandom(Number(seed));
let count = 0;
const { db, sync } = await openApp(path, name, JSON.parse(account) as Account);
flushCompileCache(); // a killed process leaves none
say("ready");
for (let n = 0; ; n++) {
  // The app goes on while a cycle runs.
  const cycle = random.chance(0.7) ? sync.syncNow().catch(ifServerIsGone) : Promise.resolve();
  for (let edits = random.below(6); edits > 0; edits--) {
    edit(n);
    await new Promise(setImmediate);
  }
  await cycle;
}

/** The server may have been killed: an app goes on without it. */
async function ifServerIsGone(error: unknown): Promise<void> {
  if (!isSyncError(error) || !error.retryable) throw error;
  await new Promise((resolve) => void setTimeout(resolve, 10)); // or it would fill its log meanwhile
}

function edit(round: number): void {
  const id = `${name}-${seed}-${round}-${(count += 1)}`;
  const what = random.next();
  const projects = db.prepare("SELECT id FROM projects ORDER BY id").pluck().all() as string[];
  const project = projects.length === 0 ? null : random.pick(projects);
  if (what < 0.15) {
    db.prepare("INSERT INTO projects VALUES (?, ?, 'canary')").run(id, `project ${round}`);
    say(`insert projects ${id}`);
  } else if (what < 0.6) {
    db.transaction(() => {
      for (let n = 0; n < 3; n++) db.prepare("INSERT INTO tasks VALUES (?, ?, ?, 0)").run(`${id}-${n}`, null, `task ${round}`);
    })();
    for (let n = 0; n < 3; n++) say(`insert tasks ${id}-${n}`);
  } else if (what < 0.8) {
    db.prepare("UPDATE tasks SET title = ?, project = ? WHERE id IN (SELECT id FROM tasks ORDER BY id LIMIT 5)").run(
      `edited ${id}`,
      project,
    );
  } else if (what < 0.9) {
    db.prepare("UPDATE projects SET name = ? WHERE id = ?").run(`renamed ${id}`, project);
  } else {
    const own = db.prepare("SELECT id FROM tasks WHERE id LIKE ? ORDER BY id").pluck().all(`${name}-%`) as string[];
    if (own.length === 0) return;
    const gone = random.pick(own);
    db.prepare("DELETE FROM tasks WHERE id = ?").run(gone);
    say(`delete tasks ${gone}`);
  }
}

/** At once: a buffered line would die with the process. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}
