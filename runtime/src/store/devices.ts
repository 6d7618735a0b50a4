/** `sync_device`: device ids are 36 characters; clocks refer to them by a small number. 0 is the baseline's empty id. */
import type { Driver } from "../driver/driver.ts";

export interface DeviceNumbers {
  readonly numberOf: (device: string) => number;
  readonly deviceOf: (number: number) => string;
  /** To be called after a rollback: a number given out in that transaction may be given to another device. */
  readonly forget: () => void;
}

export function deviceNumbers(driver: Driver): DeviceNumbers {
  const byDevice = driver.prepare("SELECT id FROM sync_device WHERE device = ?");
  const byNumber = driver.prepare("SELECT device FROM sync_device WHERE id = ?");
  const insert = driver.prepare("INSERT INTO sync_device (device) VALUES (?)");
  const numbers = new Map<string, number>([["", 0]]);
  const devices = new Map<number, string>([[0, ""]]);

  function remember(number: number, device: string): void {
    numbers.set(device, number);
    devices.set(number, device);
  }
  return {
    numberOf(device) {
      const remembered = numbers.get(device);
      if (remembered !== undefined) return remembered;
      if (byDevice.get(device) === undefined) insert.run(device);
      const number = byDevice.get(device)?.[0] as number;
      remember(number, device);
      return number;
    },
    deviceOf(number) {
      const remembered = devices.get(number);
      if (remembered !== undefined) return remembered;
      const device = byNumber.get(number)?.[0];
      if (typeof device !== "string") throw new Error(`devices: a clock names device ${number}, which sync_device does not have`);
      remember(number, device);
      return device;
    },
    forget() {
      numbers.clear();
      devices.clear();
      remember(0, "");
    },
  };
}
