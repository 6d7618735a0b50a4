/** Devices of the account, as the server lists them. */
import { codec, type Device, type Platform } from "@synckit-gen/schemas/protocol";
import { decodeReply, type Connection } from "./connection.ts";

export async function register(connection: Connection, deviceName: string, platform: Platform): Promise<Device> {
  const reply = await connection.call(codec.endpoints.registerDevice, codec.encodeDeviceRequest({ deviceName, platform }));
  return decodeReply(codec.decodeDevice, reply);
}

export const list = async (connection: Connection): Promise<readonly Device[]> =>
  decodeReply(codec.decodeDevices, await connection.call(codec.endpoints.listDevices));

export async function remove(connection: Connection, deviceId: string): Promise<void> {
  await connection.requireExtension("device-removal");
  const { method, path } = codec.endpoints.removeDevice;
  await connection.call({ method, path: path + encodeURIComponent(deviceId) });
}
