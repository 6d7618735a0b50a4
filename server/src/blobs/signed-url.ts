/** URLs that prove by themselves what they allow, and until when. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../system.ts";
import { BLOB_CONTENT_PATH } from "./port.ts";

export interface Grant {
  readonly method: "GET" | "PUT";
  readonly name: string;
  /** Of a PUT; 0 for a GET. */
  readonly sizeBytes: number;
}

export interface UrlSigner {
  sign(grant: Grant, origin: string, lifetimeSeconds: number): string;
  /** Null: changed, expired, or for another method. */
  read(request: Pick<Request, "method" | "url">): Grant | null;
}

/** `name`: as `BlobStore` has them, and so nothing that leads out of a directory. */
const NAME = /^[\w-]+\/[\w-]+$/u;

export function createUrlSigner(secret: Uint8Array, clock: Clock): UrlSigner {
  const signatureOf = ({ method, name, sizeBytes }: Grant, expires: number): Buffer =>
    createHmac("sha256", secret)
      .update(JSON.stringify([method, name, sizeBytes, expires]))
      .digest();
  return {
    sign: (grant, origin, lifetimeSeconds) => {
      const expires = Math.floor(clock() / 1000) + lifetimeSeconds;
      const signature = signatureOf(grant, expires).toString("base64url");
      return `${origin}${BLOB_CONTENT_PATH}${grant.name}?size=${grant.sizeBytes}&expires=${expires}&signature=${signature}`;
    },
    read: ({ method, url }) => {
      const { pathname, searchParams } = new URL(url);
      const name = pathname.slice(BLOB_CONTENT_PATH.length);
      const asked = method === "PUT" ? "PUT" : "GET";
      const [sizeBytes, expires] = [Number(searchParams.get("size")), Number(searchParams.get("expires"))];
      if (!NAME.test(name) || !Number.isSafeInteger(sizeBytes) || !(expires > clock() / 1000)) return null;
      const grant: Grant = { method: asked, name, sizeBytes };
      const given = Buffer.from(searchParams.get("signature") ?? "", "base64url");
      const wanted = signatureOf(grant, expires);
      return given.length === wanted.length && timingSafeEqual(given, wanted) ? grant : null;
    },
  };
}
