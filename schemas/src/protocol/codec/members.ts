/** Reading of members by name and type. Names are the caller's; messages name the member, never its value. */
import { WireError } from "./wire-error.ts";

export type Json = Record<string, unknown>;

export function object(value: unknown, what: string): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new WireError(`${what}: expected an object`);
  return value as Json;
}
export function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new WireError(`${what}: expected a list`);
  return value;
}
export function text(from: Json, name: string, ...aliases: readonly string[]): string {
  for (const member of [name, ...aliases]) if (typeof from[member] === "string") return from[member];
  throw new WireError(`${name}: expected a string`);
}
export function optionalText(from: Json, name: string): string | null {
  const value = from[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw new WireError(`${name}: expected a string or null`);
  return value;
}
export function count(from: Json, name: string, ...aliases: readonly string[]): number {
  for (const member of [name, ...aliases]) {
    const value = from[member];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  }
  throw new WireError(`${name}: expected a whole number, zero or more`);
}
export function optionalCount(from: Json, name: string): number | null {
  return from[name] === undefined || from[name] === null ? null : count(from, name);
}
export function flag(from: Json, name: string): boolean {
  const value = from[name];
  if (typeof value !== "boolean") throw new WireError(`${name}: expected true or false`);
  return value;
}
