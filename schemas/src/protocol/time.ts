/** Stamps (integer microseconds since 1970, UTC) and their RFC 3339 form on the wire. */

const FORM = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|z|[+-]\d{2}:\d{2})$/;

/** `1970-01-01T00:00:00.000000Z`: always six digits and `Z`. */
export function stampToTimestamp(stamp: number): string {
  if (!Number.isSafeInteger(stamp)) throw new RangeError("stampToTimestamp: not a whole number of microseconds");
  const seconds = Math.floor(stamp / 1_000_000);
  const micros = stamp - seconds * 1_000_000;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw new RangeError("stampToTimestamp: outside the calendar");
  return `${date.toISOString().slice(0, 19)}.${String(micros).padStart(6, "0")}Z`;
}

/** Reads any precision and offset; digits past microseconds are cut. Null: not an RFC 3339 time. */
export function timestampToStamp(timestamp: string): number | null {
  const match = FORM.exec(timestamp);
  if (match === null) return null;
  const [, day, time, fraction = "", zone] = match;
  const millis = Date.parse(`${day}T${time}${zone === "z" ? "Z" : zone}`);
  // Engines take 30 February for 1 March, and 24:00:00 for the next day.
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(millis) || !new Date(midnight).toISOString().startsWith(day ?? "") || time?.startsWith("24")) return null;
  return millis * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}
