/** Devices of an account. */
import { PLATFORMS } from "../limits.ts";
import { type Json, list, object, optionalText, text } from "./members.ts";
import { WireError } from "./wire-error.ts";
import type * as Wire from "../wire.ts";

export const encodeDeviceRequest = (r: Wire.DeviceRequest): Json => ({ device_name: r.deviceName, platform: r.platform });
export function decodeDeviceRequest(body: unknown): Wire.DeviceRequest {
  const from = object(body, "request");
  const platform = PLATFORMS.find((known) => known === from["platform"]);
  if (platform === undefined) throw new WireError(`platform: expected one of ${PLATFORMS.join(", ")}`);
  return { deviceName: text(from, "device_name"), platform };
}
export const encodeDevice = (d: Wire.Device): Json => ({
  id: d.id,
  device_name: d.deviceName,
  platform: d.platform,
  created_at: d.createdAt,
  last_seen_at: d.lastSeenAt,
});
export function decodeDevice(body: unknown): Wire.Device {
  const from = object(body, "device");
  return {
    id: text(from, "id"),
    deviceName: text(from, "device_name"),
    platform: optionalText(from, "platform"),
    createdAt: optionalText(from, "created_at"),
    lastSeenAt: optionalText(from, "last_seen_at"),
  };
}
export const encodeDevices = (devices: readonly Wire.Device[]): Json[] => devices.map(encodeDevice);
export const decodeDevices = (body: unknown): readonly Wire.Device[] =>
  list(Array.isArray(body) ? body : object(body, "reply")["devices"], "devices").map(decodeDevice);
