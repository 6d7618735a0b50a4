/** Devices of one account around one simulated server, with a time that moves on with every look at it. */
import { expect } from "vitest";
import type { SyncModel } from "@synckit-gen/schemas/model";
import type { TestDatabase } from "./drivers.ts";
import type { LoadedSpec } from "./load-spec.ts";
import { quiesce, SimulatedDevice, SimulatedServer } from "./simulation.ts";

export class World {
  now = 1_700_000_000_000;
  readonly server = new SimulatedServer();
  readonly devices: SimulatedDevice[] = [];
  readonly #model: SyncModel;
  readonly #loaded: LoadedSpec;

  constructor(model: SyncModel, loaded: LoadedSpec) {
    this.#model = model;
    this.#loaded = loaded;
  }

  /** One more device, in a new database or in one that there is. */
  device(db?: TestDatabase): SimulatedDevice {
    const name = `device-${this.devices.length}`;
    const device = new SimulatedDevice(name, this.#model, this.#loaded, this.server, () => (this.now += 1), db);
    this.devices.push(device);
    return device;
  }

  /** Two devices that already share what these statements make. */
  async pair(...sql: readonly string[]): Promise<readonly [SimulatedDevice, SimulatedDevice]> {
    const [a, b] = [this.device(), this.device()];
    for (const statement of sql) a.edit(statement);
    await this.settle();
    return [a, b];
  }

  /** Syncs everyone until nothing moves. */
  settle = (): Promise<void> => quiesce(this.server, this.devices);

  /** The same, and then all must have the same rows, whose references dangle only where their schema says that parents stay away. */
  async converge(): Promise<void> {
    await this.settle();
    const [first, ...others] = this.devices.map((device) => device.view(this.#loaded.spec));
    for (const other of others) expect(other).toEqual(first);
    for (const { db } of this.devices) {
      const dangling = db.pragma("foreign_key_check") as readonly { readonly parent: string }[];
      expect(dangling.filter(({ parent }) => !this.#model.unsyncedParents.includes(parent))).toEqual([]);
    }
  }
}
