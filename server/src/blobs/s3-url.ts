/** `s3://bucket/prefix?endpoint=…&region=…` with the credentials of the environment, by the names that AWS's own tools read. */
import type { S3Options } from "./s3-blobs.ts";

/** A URL or environment that names no S3 store. Never holds a credential. */
export class S3UrlError extends Error {
  override readonly name = "S3UrlError";
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readS3Url(text: string, environment: Environment): S3Options {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "s3:" || url.hostname === "")
    throw new S3UrlError("expected s3://bucket/prefix?endpoint=https://host&region=name");
  for (const name of url.searchParams.keys())
    if (name !== "endpoint" && name !== "region") throw new S3UrlError(`"${name}" is not known: there are endpoint and region`);
  const from = (...names: readonly string[]): string | null =>
    names.map((name) => environment[name]).find((value) => (value ?? "") !== "") ?? null;
  const region = url.searchParams.get("region") ?? from("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1";
  const endpoint =
    url.searchParams.get("endpoint") ?? from("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") ?? `https://s3.${region}.amazonaws.com`;
  const accessKeyId = from("AWS_ACCESS_KEY_ID");
  const secretAccessKey = from("AWS_SECRET_ACCESS_KEY");
  if (accessKeyId === null || secretAccessKey === null)
    throw new S3UrlError("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment");
  const parsed = URL.parse(endpoint);
  if (parsed === null || !/^https?:$/u.test(parsed.protocol)) throw new S3UrlError("endpoint: expected https://host");
  const prefix = url.pathname.replace(/^\/+|\/+$/gu, "");
  const sessionToken = from("AWS_SESSION_TOKEN");
  return {
    bucket: url.hostname,
    endpoint: endpoint.replace(/\/+$/u, ""),
    region,
    prefix: prefix === "" ? "" : `${prefix}/`,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === null ? {} : { sessionToken }),
  };
}
