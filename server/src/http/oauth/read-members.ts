/** The members of a form, or of a JSON object in its place. */
import { HttpError } from "../http-error.ts";
import { MAX_SMALL_BODY_BYTES, readJson, readText } from "../read-json.ts";

const FORM = "application/x-www-form-urlencoded";
const contentType = (request: Request): string => (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";

/** Throws 400 for a member that comes twice. */
export async function readForm(request: Request): Promise<Readonly<Record<string, string>>> {
  if (contentType(request) !== FORM) throw new HttpError(400, "the body is not a form");
  const form = new URLSearchParams(await readText(request, MAX_SMALL_BODY_BYTES));
  const members = Object.fromEntries(form);
  if (form.size !== Object.keys(members).length) throw new HttpError(400, "a member came more than once");
  return members;
}

export async function readMembers(request: Request): Promise<Readonly<Record<string, unknown>>> {
  if (contentType(request) === FORM) return readForm(request);
  const body = await readJson(request, MAX_SMALL_BODY_BYTES);
  if (body === null || typeof body !== "object" || Array.isArray(body)) throw new HttpError(400, "the body is no object");
  return body as Record<string, unknown>;
}
