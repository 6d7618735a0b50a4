/**
 * Entry point `@synckit-gen/runtime/testing`: devices of one account in one process, with the engine and encryption that ship,
 * and a server in memory. `synckit-gen generate --with tests` writes tests that use it; so may an application's own.
 */
export { memoryBlobFiles } from "./testing/memory-blob-files.ts";
export type { MemoryBlobFiles } from "./testing/memory-blob-files.ts";
export { findLeaks } from "./testing/canaries.ts";
export type { CanaryOptions, CanaryReport } from "./testing/canaries.ts";
export { findDivergence } from "./testing/convergence.ts";
export type { ConvergenceOptions } from "./testing/convergence.ts";
export { findOverwrites } from "./testing/excluded.ts";
export { memoryServer } from "./testing/memory-server.ts";
export type { Fault, MemoryServer, Network } from "./testing/memory-server.ts";
export { seededRandom } from "./testing/random.ts";
export type { Random } from "./testing/random.ts";
export { openTestDevices, syncedRows } from "./testing/test-device.ts";
export type { DeviceOptions, SampleValue, TestApp, TestDevice, TestDevices, TestTable } from "./testing/test-device.ts";
