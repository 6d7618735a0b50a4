/** The composition root: a database handle, a generated schema and a server become one `Sync`. */
import type { Platform } from "@synckit-gen/schemas/protocol";
import type { BlobFiles } from "./blobs/blob-files.ts";
import { createBlobSync, type BlobReport, type BlobSync } from "./blobs/blob-sync.ts";
import { createPace } from "./blobs/pace.ts";
import { SyncKitClient } from "./client/client.ts";
import type { SyncKitConfig } from "./client/config.ts";
import { OtherAccountError, SyncError } from "./client/errors.ts";
import { platformClock, platformRandom, platformSleep, platformTimers } from "./client/ports.ts";
import { DatabaseBusyError } from "./driver/database-busy-error.ts";
import { type DatabaseHandle, driverOf } from "./driver/driver-of.ts";
import type { EntryFormat, Refusal } from "./engine/entry.ts";
import { correctClock, noteClock } from "./engine/correct-clock.ts";
import { exclusively } from "./engine/exclusive.ts";
import { beginStartOver, type ForceOption, refuseUnsynced, replaceServer } from "./engine/life-cycle.ts";
import { bootstrap } from "./engine/bootstrap.ts";
import { type SnapshotUpload, uploadIfDue, type UploadParts, uploadSnapshot } from "./engine/snapshot-upload.ts";
import { applyMigrations } from "./engine/migrate.ts";
import { pullChanges, type PullReport, replayAfterUpgrade, retryQuarantine } from "./engine/pull.ts";
import { pushChanges } from "./engine/push.ts";
import { nothingCompared, verify, type VerifyReport } from "./engine/verify.ts";
import { eventSource, type EventStream } from "./events/event-stream.ts";
import { throttled } from "./events/progress.ts";
import { replayKey, type SyncEvent } from "./events/sync-event.ts";
import type { AppSpec, Migration } from "./generated/spec.ts";
import { platformConnectivity } from "./scheduler/platform.ts";
import { followNotices } from "./scheduler/follow-notices.ts";
import { createScheduler, type Connectivity, type Scheduler } from "./scheduler/scheduler.ts";
import { blobRows } from "./store/blob-rows.ts";
import { clockOffset } from "./store/changelog.ts";
import type { Conflict } from "./store/conflicts.ts";
import type { HeldRow } from "./store/held.ts";
import type { QuarantinedEntry } from "./store/quarantine.ts";
import type { Values } from "./store/registers.ts";
import type { RemoteChange } from "./store/remote-change.ts";
import { APPLIED_BY_APP } from "./store/snapshot-facts.ts";
import { openStore } from "./store/store.ts";
import { missingSyncColumns } from "./store/sync-tables.ts";
import { rowIdToWire } from "@synckit-gen/schemas/protocol";

export interface SyncOptions extends SyncKitConfig {
  /** The app's own handle, or a driver over it (`sqliteWasmDriver`): the engine works through it and never closes it. */
  readonly database: DatabaseHandle;
  /** Names this installation to the user and the server; the same name again is the same device. */
  readonly deviceName: string;
  /** Where the app keeps the files that its rows stand for (`blob` in the schema). Missing: rows sync, files do not. */
  readonly blobs?: BlobOptions;
  /** Default: what a browser says; elsewhere always online. */
  readonly connectivity?: Connectivity;
  /** Default: from the platform that runs this. */
  readonly platform?: Platform;
}

export interface BlobOptions {
  readonly files: BlobFiles;
  /** `on-demand`, the default: when `sync.blobs.get` asks for one. `all`: after each cycle. Uploads are not asked for. */
  readonly download?: "on-demand" | "all";
  /** Both directions together. Default: no cap. */
  readonly maxBytesPerSecond?: number;
}

export interface SyncStatusReport {
  /** A server and an API key are set. */
  readonly configured: boolean;
  readonly authenticated: boolean;
  /** `ready`: the master key is in memory. */
  readonly encryption: "none" | "ready";
  readonly deviceId: string | null;
  /** False: `detach` has taken sync off this database, and nothing is captured. */
  readonly attached: boolean;
  /** Entries that wait to be pushed. */
  readonly pendingChanges: number;
  /** Rows that wait for a parent, or that their table refuses. */
  readonly heldRows: number;
  /** Entries of the server's log that could not be read or trusted. */
  readonly quarantinedEntries: number;
  /** Overwritten edits that nobody has looked at. */
  readonly conflicts: number;
  /** Entries that no server takes: larger than the protocol carries. */
  readonly unpushableChanges: number;
  /** Milliseconds since 1970; null: never. */
  readonly lastSyncMs: number | null;
}

export interface SyncReport {
  readonly pushed: number;
  /** Entries that other devices have pushed since the last cycle. */
  readonly pulled: number;
  readonly merged: number;
  /** Rows taken from a snapshot, in the place of the log that led to them. */
  readonly bootstrapped: number;
  /** What became of a snapshot of this device's rows, where one was due. */
  readonly snapshot: SnapshotUpload | null;
  readonly refused: readonly Refusal[];
  readonly heldRows: number;
  readonly pruned: number;
}

export interface Authorization {
  /** Open it in the user's browser. */
  readonly authorizeUrl: string;
  /** To be compared with the state that the redirect carries. */
  readonly state: string;
  readonly verifier: string;
}

export interface CompleteAuthRequest {
  readonly code: string;
  readonly state: string;
  /** The state that `startAuth` gave. */
  readonly expectedState: string;
  readonly verifier: string;
  readonly port: number;
}

/** After these, an app that keeps writing has to be left alone first. */
const MAX_VERIFY_ROUNDS = 4;

/** One app database in sync. All methods that touch the network may throw `SyncError`. */
export interface Sync {
  readonly client: SyncKitClient;

  readonly status: () => SyncStatusReport;
  /** What happens, for a user interface: progress with totals, ends and failures of cycles, status. */
  readonly events: EventStream<SyncEvent>;
  /** Runs cycles by itself once started: by interval, after local changes, later and later while they fail. */
  readonly scheduler: Scheduler;
  /** The files that rows stand for. Throws `blob/no-files` where there are none: no such table, or no option `blobs`. */
  readonly blobs: BlobSync;
  readonly startAuth: (options: { readonly port: number }) => Promise<Authorization>;
  readonly completeAuth: (request: CompleteAuthRequest) => Promise<void>;
  readonly signIn: (email: string, password: string) => Promise<void>;
  /** The account's first device: makes the master key. */
  readonly setupEncryptionNew: (password: string) => Promise<void>;
  /** Every other device: opens the account's key. */
  readonly setupEncryptionExisting: (password: string) => Promise<void>;
  /** Registers if needed, takes the initial snapshot once, pushes, pulls, tidies. A call during a cycle joins it. */
  readonly syncNow: () => Promise<SyncReport>;
  /** Clears credentials and session. The data stays. */
  readonly disconnect: () => Promise<void>;
  /**
   * Replaces the synced rows here with what the server has, then syncs. Local columns and other tables stay. Throws
   * `changes/unsynced` or `server/empty` unless forced. Signed in to another account, it gives this database to that one.
   */
  readonly startOver: (options?: ForceOption) => Promise<SyncReport>;
  /** Replaces what the server has with the synced rows here, then syncs; the other devices follow. */
  readonly replaceServer: () => Promise<SyncReport>;
  /**
   * Takes sync off this database and signs out. All rows stay. Throws `changes/unsynced` unless forced. Signing in and
   * syncing puts it back, and joins as a device that has rows of its own.
   */
  readonly detach: (options?: ForceOption) => Promise<void>;

  /**
   * Syncs, then compares the synced rows here with those of the other devices, through sealed digests, and names the first
   * table and row that differ. Each device has to verify at the same place of the log: the last one sees all.
   */
  readonly verify: () => Promise<VerifyReport>;

  readonly getSyncState: (key: string) => string | null;
  readonly setSyncState: (key: string, value: string) => void;
  /** The device id, from `sync_state` after the first time. */
  readonly ensureDeviceRegistered: () => Promise<string>;
  /** Logs every row that existed before; once. Returns how many. */
  readonly createInitialSnapshot: () => Promise<number>;
  /**
   * Uploads what this device holds as the account's snapshot, from which new devices begin. A cycle does so by itself when it
   * saves them much (docs/protocol.md, "snapshots"). Whether the server takes snapshots, and why not, is in the outcome.
   */
  readonly uploadSnapshot: () => Promise<SnapshotUpload>;
  readonly pushChanges: () => Promise<number>;
  readonly pullChanges: () => Promise<PullReport>;
  /**
   * Applies a row as if it had just been pulled: synced columns only, capture suppressed, parents checked. It is for what the log has
   * or will have: no other device is told of it, unless a log that was restored from a backup gets it from here. So that a snapshot
   * does not tell new devices alone, this one uploads none from then on.
   */
  readonly applyUpsert: (table: string, rowId: string, data: Values) => void;
  readonly applyDelete: (table: string, rowId: string) => void;
  /** Prunes pushed entries past their time. Returns how many. */
  readonly cleanupChangelog: () => number;
  readonly heldRows: (limit?: number) => readonly HeldRow[];
  /** Entries of the server's log that could not be read or trusted. Nothing waits for them. */
  readonly quarantined: (limit?: number) => readonly QuarantinedEntry[];
  /** Reads them again, after the right key has come. Returns how many could be applied. */
  readonly retryQuarantine: () => Promise<number>;
  /** What merging took from edits that could not have known of each other, oldest first. */
  readonly conflicts: (limit?: number) => readonly Conflict[];
  /** Writes a conflict's losing values again, as an edit made now. False: there is none with this id. */
  readonly takeBack: (conflictId: number) => boolean;
  readonly dismissConflict: (conflictId: number) => boolean;
}

export function openSync(spec: AppSpec, migrations: readonly Migration[], options: SyncOptions): Sync {
  const driver = driverOf(options.database);
  const clock = options.clock ?? platformClock;
  applyMigrations(driver, migrations);
  const missing = missingSyncColumns(driver);
  if (missing.length > 0) throw new SyncError("database/outdated", { detail: `it has no ${missing.join(", ")}` });
  const store = openStore(driver, spec, clock.nowMs);
  if (store.isDetached()) store.stayDetached(migrations);
  replayAfterUpgrade(store, spec.modelHash);
  const client = new SyncKitClient({ ...options, chunkedBlobs: options.chunkedBlobs ?? spec.compat === "full" });
  const format: EntryFormat = { compat: spec.compat, tables: store.tables, rowHash: (table, rowId) => client.rowHash(table, rowId) };

  const register = () => client.registerDevice(options.deviceName, options.platform ?? platformOf());

  async function ensureDeviceRegistered(): Promise<string> {
    const account = accountOf(client);
    const belongsTo = store.state.get("account");
    if (belongsTo !== null && belongsTo !== account) throw new OtherAccountError();
    if (store.isDetached()) store.attach(migrations);
    if (belongsTo === null) store.state.set("account", account);
    const known = store.state.get("device_id");
    if (known !== null) return known;
    const { id } = await register();
    store.state.set("device_id", id);
    notices.restart(); // from now on without this device's own
    return id;
  }

  /** Runs `call` with the device id; where the server does not know it any more, registers once more. */
  async function asDevice<T>(call: (device: string) => Promise<T>): Promise<T> {
    const device = await ensureDeviceRegistered();
    try {
      return await call(device);
    } catch (error) {
      if (!(error instanceof SyncError) || error.status !== 404) throw error;
      const again = await register();
      if (again.id === device) throw error;
      store.state.set("device_id", again.id);
      return call(again.id);
    }
  }

  const events = eventSource<SyncEvent>(replayKey);
  const report = throttled((progress) => events.publish({ kind: "progress", ...progress }), clock);
  const timers = options.timers ?? platformTimers;
  const owner = Array.from((options.random ?? platformRandom).bytes(8), (byte) => byte.toString(16).padStart(2, "0")).join("");

  const push = (): Promise<number> => asDevice((device) => pushChanges(store, client, format, device, report));
  const pull = (): Promise<PullReport & { readonly bootstrapped: number }> =>
    asDevice(async (device) => {
      const bootstrapped = await bootstrap(store, client, format, device, report);
      return { ...(await pullChanges(store, client, format, device, report)), bootstrapped };
    });
  const uploadParts = (device: string): UploadParts => ({
    store,
    relay: client,
    device,
    sync: async () => {
      await push();
      await pull();
    },
    report,
  });

  async function cycle(): Promise<SyncReport> {
    const device = await ensureDeviceRegistered();
    await correctClock(store.state, client);
    store.createInitialSnapshot(device);
    let pushed = await push();
    const { pulled, merged, refused, bootstrapped } = await pull();
    pushed += await push(); // what the merge itself had to do, and what the app wrote meanwhile
    const pruned = store.cleanup();
    noteClock(store.state, client);
    store.state.set("last_sync_ms", String(clock.nowMs()));
    const snapshot = await uploadIfDue(uploadParts(device));
    return { pushed, pulled, merged, refused, bootstrapped, snapshot, heldRows: store.heldCount(), pruned };
  }

  /** No other window or process works on the database meanwhile. */
  const alone = <T>(work: () => Promise<T>): Promise<T> =>
    exclusively(store.lease, owner, { sleep: options.sleep ?? platformSleep, timers }, work);

  /** A cycle, with everybody who listens told of it. */
  async function toldCycle(prepare: () => Promise<unknown> = () => Promise.resolve()): Promise<SyncReport> {
    events.publish({ kind: "started" });
    try {
      const done = await alone(async () => {
        await prepare();
        return cycle();
      });
      events.publish({ kind: "finished", report: done });
      moveFiles();
      return done;
    } catch (error) {
      const known = error instanceof SyncError || error instanceof DatabaseBusyError ? error : null;
      const message = known?.message ?? "Something went wrong inside the app.";
      events.publish({ kind: "failed", code: known?.code ?? "internal", message, retryable: known?.retryable ?? false });
      throw error;
    } finally {
      events.forget((kind) => kind.startsWith("progress"));
      events.publish({ kind: "status", status: status() });
    }
  }

  const blobs = openBlobs();
  function openBlobs(): BlobSync | null {
    const rows = blobRows(driver, spec);
    if (rows === null || options.blobs === undefined) return null;
    const { files, maxBytesPerSecond = null } = options.blobs;
    const random = options.random ?? platformRandom;
    const sleep = options.sleep ?? platformSleep;
    const pace = createPace(maxBytesPerSecond, { clock, sleep });
    const sync = createBlobSync({ client, rows, files, state: store.state, pace, report, clock, random, sleep });
    const told = async (run: Promise<BlobReport>): Promise<BlobReport> => {
      const done = await run;
      events.forget((kind) => kind === `progress ${done.direction}`);
      events.publish({ kind: "blobs", report: done });
      return done;
    };
    return { ...sync, upload: () => told(sync.upload()), downloadAll: () => told(sync.downloadAll()) };
  }
  /** Files take their time: the cycle is over, and the next one may begin. What cannot be moved now is found by the next run. */
  function moveFiles(): void {
    const ignore = (): undefined => undefined;
    blobs?.upload().catch(ignore);
    if (options.blobs?.download === "all") blobs?.downloadAll().catch(ignore);
  }

  let running: Promise<SyncReport> | null = null;
  const syncNow = (): Promise<SyncReport> => (running ??= toldCycle().finally(() => (running = null)));

  const isSignedIn = (): boolean => !client.isTokenExpired() && client.hasMasterKey();
  const notices = followNotices(() => (isSignedIn() ? client.subscribeNotifications(store.state.get("device_id")) : null));
  const scheduler = createScheduler(
    {
      syncNow,
      getSyncState: store.state.get,
      isReady: isSignedIn,
      newestChange: store.newestEntry,
      subscribeNotices: notices.subscribe,
    },
    { clock, random: options.random ?? platformRandom, timers, connectivity: options.connectivity ?? platformConnectivity },
    (state) => events.publish({ kind: "schedule", state }),
  );

  /** Signing in or out, or a key: what waited for a person may go on. */
  async function changingAccess<T>(work: Promise<T>): Promise<T> {
    const result = await work;
    events.publish({ kind: "status", status: status() });
    notices.restart();
    scheduler.wake();
    return result;
  }

  const status = (): SyncStatusReport => ({
    configured: options.serverUrl !== "" && options.apiKey !== "",
    authenticated: client.sessionInfo() !== null && !client.isTokenExpired(),
    encryption: client.hasMasterKey() ? "ready" : "none",
    deviceId: store.state.get("device_id"),
    attached: !store.isDetached(),
    pendingChanges: store.pendingCount(),
    heldRows: store.heldCount(),
    quarantinedEntries: store.quarantineCount(),
    conflicts: store.conflictCount(),
    unpushableChanges: store.unpushableCount(),
    lastSyncMs: store.state.get("last_sync_ms") === null ? null : store.state.getNumber("last_sync_ms", 0),
  });

  /** Between two cycles: `prepare`, then a cycle. */
  async function cycleAfter(prepare: () => Promise<unknown>): Promise<SyncReport> {
    await untilIdle();
    return (running = toldCycle(prepare).finally(() => (running = null)));
  }
  async function untilIdle(): Promise<void> {
    if (running === null) return;
    await running.catch(() => undefined);
    await untilIdle(); // another may have begun
  }

  async function uploadNow(): Promise<SnapshotUpload> {
    let done: SnapshotUpload | null = null;
    await cycleAfter(async () => {
      const { snapshot } = await cycle();
      const isDone = snapshot?.outcome === "completed";
      done = isDone ? snapshot : await uploadSnapshot(uploadParts(await ensureDeviceRegistered()));
    });
    return done as unknown as SnapshotUpload;
  }

  async function prepareStartOver({ force }: ForceOption): Promise<void> {
    const account = accountOf(client);
    const isOwn = (store.state.get("account") ?? account) === account;
    const device = isOwn ? await ensureDeviceRegistered() : (await register()).id;
    await beginStartOver(store, client, { device, account, ...(force === undefined ? {} : { force }) });
  }

  const applyOne = (change: Pick<RemoteChange, "table" | "rowId" | "op" | "values">): void => {
    const rows = store.tables.get(change.table);
    if (rows === undefined) throw new RangeError(`"${change.table}" is not a synced table`);
    const device = store.state.get("device_id") ?? "";
    store.foldLocal(device);
    const stamp = Math.max((clock.nowMs() + clockOffset(store.state)) * 1000, store.state.getNumber("last_stamp", 0) + 1);
    const written = new Set(rows.columns.filter((column) => change.values?.[column] !== undefined));
    store.applyRemote(device, [{ ...change, clock: { stamp, device: "" }, written, isFresh: true, seen: null, isRule: false }], null, {
      [APPLIED_BY_APP]: "1",
    });
    store.resolveHeld(device);
  };

  return {
    client,
    status,
    events,
    scheduler,
    blobs: blobs ?? NO_BLOBS,
    async startAuth({ port }) {
      const { state, verifier, challenge } = await client.createPkce();
      return { authorizeUrl: client.buildAuthorizeUrl(port, state, challenge), state, verifier };
    },
    async completeAuth({ code, state, expectedState, verifier, port }) {
      if (state !== expectedState) throw new SyncError("auth/rejected", { detail: "the redirect carries another state" });
      await changingAccess(client.authenticateWithCode(code, verifier, port));
    },
    signIn: async (email, password) => void (await changingAccess(client.authenticate(email, password))),
    setupEncryptionNew: (password) => changingAccess(client.setupEncryptionNew(password)),
    setupEncryptionExisting: (password) => changingAccess(client.setupEncryptionExisting(password)),
    syncNow,
    disconnect: () => changingAccess(client.clearSession()),
    startOver: (force = {}) => cycleAfter(() => prepareStartOver(force)),
    replaceServer: () => cycleAfter(() => asDevice((device) => replaceServer(store, client, format, device))),
    async verify() {
      if (!(await client.hasExtension("digests"))) return nothingCompared("unsupported");
      // The last round reads what the one before has pushed, so that the cursor covers all rows.
      for (let round = 0, isQuiet = false; !isQuiet && round < MAX_VERIFY_ROUNDS; round++) {
        const { pushed, pulled } = await syncNow();
        isQuiet = pushed === 0 && pulled === 0;
      }
      const seed = client.rowHash("$sync", "digest");
      const key = [Number.parseInt(seed.slice(0, 8), 16) | 0, Number.parseInt(seed.slice(8, 16), 16) | 0] as const;
      return asDevice((device) => verify(store, client, device, key));
    },
    async detach({ force = false } = {}) {
      await untilIdle();
      await alone(() => Promise.resolve(refuseUnsynced(store.detach(migrations, force))));
      await changingAccess(client.clearSession());
    },
    getSyncState: store.state.get,
    setSyncState: store.state.set,
    ensureDeviceRegistered,
    createInitialSnapshot: async () => store.createInitialSnapshot(await ensureDeviceRegistered()),
    uploadSnapshot: uploadNow,
    pushChanges: push,
    pullChanges: pull,
    applyUpsert: (table, rowId, data) => {
      const identity = store.tables.get(table)?.identity ?? [];
      applyOne({ table, rowId, op: "INSERT", values: { ...data, ...rowIdToWire(identity, rowId) } });
    },
    applyDelete: (table, rowId) => applyOne({ table, rowId, op: "DELETE", values: null }),
    cleanupChangelog: () => store.cleanup(),
    heldRows: (limit = 100) => store.heldRows(limit),
    quarantined: (limit = 100) => store.quarantined(limit),
    retryQuarantine: () => asDevice((device) => retryQuarantine(store, client, format, device)),
    conflicts: (limit = 100) => store.conflicts(limit),
    takeBack: (conflictId) => store.takeBack(store.state.get("device_id") ?? "", conflictId),
    dismissConflict: (conflictId) => store.dismissConflict(conflictId),
  };
}

const noFiles = (): never => {
  throw new SyncError("blob/no-files");
};
const NO_BLOBS: BlobSync = {
  get: async () => noFiles(),
  upload: async () => noFiles(),
  downloadAll: async () => noFiles(),
  status: noFiles,
};

/** One database belongs to one account: with another's, its rows would mix silently. */
function accountOf(client: SyncKitClient): string {
  const session = client.sessionInfo();
  if (session === null) throw new SyncError("auth/not-signed-in");
  return `${session.appId}:${session.userId}`;
}

function platformOf(): Platform {
  const name = (globalThis as { process?: { platform?: string } }).process?.platform;
  return name === "darwin" ? "macos" : name === "win32" ? "windows" : name === "linux" || name === "android" ? name : "web";
}
