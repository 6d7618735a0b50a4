/**
 * Blobs as objects of one bucket of any S3 server. Clients talk to it directly by presigned URLs; the length of an upload is
 * part of what is signed, so another length is refused there. Requests address the bucket in the path.
 */
import { limits } from "@synckit-gen/schemas/protocol";
import { AwsClient, AwsV4Signer } from "aws4fetch";
import { BlobStoreUnavailableError, type BlobStore } from "./port.ts";

export interface S3Options {
  readonly bucket: string;
  /** Scheme and host of the S3 server. */
  readonly endpoint: string;
  readonly region: string;
  /** Before every object's name; empty, or ends with a slash. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Once more after a 5xx: the caller is a request that waits. */
const RETRIES = 1;
const TIMEOUT_MS = 10_000;

export function openS3Blobs(options: S3Options): BlobStore {
  const { bucket, endpoint, prefix, region, accessKeyId, secretAccessKey, sessionToken } = options;
  const credentials = { accessKeyId, secretAccessKey, region, service: "s3", ...(sessionToken === undefined ? {} : { sessionToken }) };
  const client = new AwsClient({ ...credentials, retries: RETRIES });
  const urlOf = (name: string): string => `${endpoint}/${bucket}/${prefix}${name}`;

  const presign = async (method: string, name: string, headers: Record<string, string>): Promise<string> => {
    const url = `${urlOf(name)}?X-Amz-Expires=${limits.BLOB_URL_LIFETIME_SECONDS}`;
    // All headers: aws4fetch leaves the length out otherwise.
    const { url: signed } = await new AwsV4Signer({ ...credentials, method, url, headers, signQuery: true, allHeaders: true }).sign();
    return signed.href;
  };
  const ask = async (method: string, name: string): Promise<Response> => {
    const reply = await client.fetch(urlOf(name), { method, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
      throw new BlobStoreUnavailableError("the blob store cannot be reached", { cause: error });
    });
    if (reply.ok || reply.status === 404) return reply;
    throw new BlobStoreUnavailableError(`the blob store answers ${reply.status}`);
  };
  return {
    uploadUrl: (name, sizeBytes) => presign("PUT", name, { "Content-Length": String(sizeBytes) }),
    downloadUrl: (name) => presign("GET", name, {}),
    sizeOf: async (name) => {
      const reply = await ask("HEAD", name);
      return reply.ok ? Number(reply.headers.get("content-length")) : null;
    },
    remove: async (name) => void (await ask("DELETE", name)),
    names: null,
    content: null,
  };
}
