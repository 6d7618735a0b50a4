/** The composition root: a database handle, a generated schema and a server become one `Sync`. */
import { rowIdToWire } from "@synckit-gen/schemas/protocol";
import { SyncKitClient } from "./client/client.ts";
import { SyncError } from "./client/errors.ts";
import { platformClock, platformRandom, platformSleep, platformTimers, randomName } from "./client/ports.ts";
import { driverOf } from "./driver/driver-of.ts";
import type { EntryFormat } from "./engine/entry.ts";
import { beginStartOver, type ForceOption, refuseUnsynced, replaceServer } from "./engine/life-cycle.ts";
import { applyMigrations } from "./engine/migrate.ts";
import { replayAfterUpgrade, retryQuarantine } from "./engine/pull.ts";
import { nothingCompared, verify } from "./engine/verify.ts";
import { eventSource } from "./events/event-stream.ts";
import { throttled } from "./events/progress.ts";
import { replayKey, type SyncEvent } from "./events/sync-event.ts";
import type { AppSpec, Migration } from "./generated/spec.ts";
import { followNotices } from "./scheduler/follow-notices.ts";
import { platformConnectivity } from "./scheduler/platform.ts";
import { createScheduler } from "./scheduler/scheduler.ts";
import { clockOffset } from "./store/changelog.ts";
import type { RemoteChange } from "./store/remote-change.ts";
import { APPLIED_BY_APP } from "./store/snapshot-facts.ts";
import { openStore } from "./store/store.ts";
import { capturedByOthers, missingColumns, missingSyncColumns } from "./store/sync-tables.ts";
import { createCycles } from "./sync/cycles.ts";
import { createMembership } from "./sync/membership.ts";
import { openBlobs } from "./sync/open-blobs.ts";
import type { Sync, SyncOptions, SyncStatusReport } from "./sync/sync.ts";

/** After these, an app that keeps writing has to be left alone first. */
const MAX_VERIFY_ROUNDS = 4;

export function openSync(spec: AppSpec, migrations: readonly Migration[], options: SyncOptions): Sync {
  const driver = driverOf(options.database);
  const clock = options.clock ?? platformClock;
  const ports = {
    clock,
    random: options.random ?? platformRandom,
    sleep: options.sleep ?? platformSleep,
    timers: options.timers ?? platformTimers,
  };
  const refuseMismatch = (): void => {
    const missing = missingColumns(driver, spec);
    if (missing.length > 0) throw new SyncError("database/mismatch", { detail: `it has no ${missing.join(", ")}` });
    const others = capturedByOthers(driver, spec);
    if (others.length > 0) throw new SyncError("database/other-schema", { detail: others.join(", ") });
  };
  applyMigrations(driver, migrations, refuseMismatch);
  const outdated = missingSyncColumns(driver);
  if (outdated.length > 0) throw new SyncError("database/outdated", { detail: `it has no ${outdated.join(", ")}` });
  refuseMismatch();
  const store = openStore(driver, spec, clock.nowMs);
  if (store.isDetached()) store.stayDetached(migrations);
  replayAfterUpgrade(store, spec.modelHash);
  const client = new SyncKitClient({ ...options, chunkedBlobs: options.chunkedBlobs ?? spec.compat === "full" });
  const format: EntryFormat = { compat: spec.compat, tables: store.tables, rowHash: (table, rowId) => client.rowHash(table, rowId) };

  const events = eventSource<SyncEvent>(replayKey);
  const report = throttled((progress) => events.publish({ kind: "progress", ...progress }), clock);

  const status = (): SyncStatusReport => ({
    configured: options.serverUrl !== "" && options.apiKey !== "",
    authenticated: client.sessionInfo() !== null && !client.isTokenExpired(),
    encryption: client.hasMasterKey() ? "ready" : "none",
    deviceId: store.state.get("device_id"),
    attached: !store.isDetached(),
    pendingChanges: store.pendingCount(),
    heldRows: store.heldCount(),
    refusedRows: store.refusedCount(),
    quarantinedEntries: store.quarantineCount(),
    conflicts: store.conflictCount(),
    unpushableChanges: store.unpushableCount(),
    lastSyncMs: store.state.get("last_sync_ms") === null ? null : store.state.getNumber("last_sync_ms", 0),
  });

  const isSignedIn = (): boolean => !client.isTokenExpired() && client.hasMasterKey();
  const notices = followNotices(() => (isSignedIn() ? client.subscribeNotifications(store.state.get("device_id")) : null));
  // From its registration on, a device is not told of its own pushes.
  const membership = createMembership(store, client, migrations, options, () => notices.restart());
  const { asDevice, ensureDeviceRegistered } = membership;
  const blobs = openBlobs(driver, spec, options.blobs, events, { client, state: store.state, report, ...ports });
  const owner = randomName(ports.random, 8);
  const cycles = createCycles({ store, client, format, membership, events, report, status, onFinished: blobs.move, owner, ports });
  const scheduler = createScheduler(
    {
      syncNow: cycles.syncNow,
      getSyncState: store.state.get,
      isReady: isSignedIn,
      newestChange: store.newestEntry,
      subscribeNotices: notices.subscribe,
    },
    { ...ports, connectivity: options.connectivity ?? platformConnectivity },
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

  async function prepareStartOver({ force }: ForceOption): Promise<void> {
    const account = membership.account();
    const isOwn = (store.state.get("account") ?? account) === account;
    const device = isOwn ? await ensureDeviceRegistered() : await membership.register();
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
    blobs: blobs.sync,
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
    syncNow: cycles.syncNow,
    disconnect: () => changingAccess(client.clearSession()),
    startOver: (force = {}) => cycles.cycleAfter(() => prepareStartOver(force)),
    replaceServer: () => cycles.cycleAfter(() => asDevice((device) => replaceServer(store, client, format, device))),
    async verify() {
      if (!(await client.hasExtension("digests"))) return nothingCompared("unsupported");
      // The last round reads what the one before has pushed, so that the cursor covers all rows.
      for (let round = 0, isQuiet = false; !isQuiet && round < MAX_VERIFY_ROUNDS; round++) {
        const { pushed, pulled } = await cycles.syncNow();
        isQuiet = pushed === 0 && pulled === 0;
      }
      const seed = client.rowHash("$sync", "digest");
      const key = [Number.parseInt(seed.slice(0, 8), 16) | 0, Number.parseInt(seed.slice(8, 16), 16) | 0] as const;
      return asDevice((device) => verify(store, client, device, key));
    },
    async detach({ force = false } = {}) {
      await cycles.betweenCycles(async () => refuseUnsynced(store.detach(migrations, force)));
      await changingAccess(client.clearSession());
    },
    getSyncState: store.state.get,
    setSyncState: store.state.set,
    ensureDeviceRegistered,
    createInitialSnapshot: async () => store.createInitialSnapshot(await ensureDeviceRegistered()),
    uploadSnapshot: cycles.uploadSnapshot,
    pushChanges: cycles.push,
    pullChanges: cycles.pull,
    applyUpsert: (table, rowId, data) => {
      const identity = store.tables.get(table)?.identity ?? [];
      applyOne({ table, rowId, op: "INSERT", values: { ...data, ...rowIdToWire(identity, rowId) } });
    },
    applyDelete: (table, rowId) => applyOne({ table, rowId, op: "DELETE", values: null }),
    cleanupChangelog: () => store.cleanup(),
    heldRows: (limit = 100) => store.heldRows(limit),
    editHeld: (table, rowId, values) => store.editHeld(store.state.get("device_id") ?? "", table, rowId, values),
    deleteHeld(table, rowId) {
      const isDeleted = store.deleteHeld(store.state.get("device_id") ?? "", table, rowId);
      if (isDeleted === null) throw new SyncError("row/not-held", { entry: { table, rowId } });
      return isDeleted;
    },
    quarantined: (limit = 100) => store.quarantined(limit),
    retryQuarantine: () => asDevice((device) => retryQuarantine(store, client, format, device)),
    conflicts: (limit = 100) => store.conflicts(limit),
    takeBack: (conflictId) => store.takeBack(store.state.get("device_id") ?? "", conflictId),
    dismissConflict: (conflictId) => store.dismissConflict(conflictId),
  };
}
