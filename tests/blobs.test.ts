// Files through the client and the real server: sealed, sent, fetched, checked.
import { createHash } from "node:crypto";
import { isSyncError, SyncKitClient } from "@synckit-gen/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "./support/start-server.ts";

const MIB = 1024 * 1024;
let server: TestServer;
let desk: SyncKitClient;
let phone: SyncKitClient;
beforeAll(async () => {
  server = await startServer();
  [desk, phone] = [0, 1].map(() => new SyncKitClient({ serverUrl: server.url, apiKey: server.apiKey, sleep: async () => {} })) as [
    SyncKitClient,
    SyncKitClient,
  ];
  for (const client of [desk, phone]) await client.authenticate(server.email, server.password);
  await desk.setupEncryptionNew("rows");
  await phone.setupEncryptionExisting("rows");
});
afterAll(() => server.close());

const contentOf = (size: number, seed: number): Uint8Array => Uint8Array.from({ length: size }, (_, at) => (at * 31 + seed) & 255);
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(() => "done").catch((error: unknown) => (isSyncError(error) ? error.code : String(error)));

async function upload(content: Uint8Array): Promise<string> {
  const hash = hashOf(content);
  const { url } = await desk.blobUploadUrl(hash, content.length);
  if (url === null) throw new Error("it exists");
  await desk.blobUpload(url, content);
  await desk.blobConfirm(hash, content.length);
  return hash;
}

/** The name of what the server has stored in so many bytes. */
async function stored(size: number): Promise<string> {
  const name = await server.blobs.find(size);
  if (name === undefined) throw new Error(`nothing of ${size} bytes is stored`);
  return name;
}

test("a file that one device uploads is fetched by another, and the server has only its ciphertext", async () => {
  const content = new TextEncoder().encode("kick drum ".repeat(100));
  const hash = await upload(content);

  expect(Buffer.from(await phone.blobDownload(await phone.blobDownloadUrl(hash), hash)).equals(content)).toBe(true);
  expect(await phone.blobUploadUrl(hash, content.length)).toEqual({ url: null, alreadyExists: true });
  expect((await server.blobs.read(await stored(content.length + 40))).includes("kick drum")).toBe(false);
});

test("a large file is sealed in chunks, and streamed", async () => {
  const content = contentOf(9 * MIB + 5, 1);
  const hash = await upload(content);

  const sealed = await server.blobs.read(await stored(24 + content.length + 37 * 16));
  expect(sealed.subarray(0, 6).toString("latin1")).toBe("SKBLOB");
  expect(hashOf(await phone.blobDownload(await phone.blobDownloadUrl(hash), hash))).toBe(hash);
});

test("an upload is a stream that the platform need not keep", async () => {
  const sent: RequestInit[] = [];
  const client = new SyncKitClient({
    serverUrl: server.url,
    apiKey: server.apiKey,
    fetch: (input, init) => {
      if (init?.method === "PUT" && init.headers !== undefined && new Headers(init.headers).has("content-length")) sent.push(init);
      return fetch(input, init);
    },
  });
  await client.authenticate(server.email, server.password);
  await client.setupEncryptionExisting("rows");
  const content = contentOf(70_000, 9);
  const { url } = await client.blobUploadUrl(hashOf(content), content.length);
  await client.blobUpload(url ?? "", content);

  expect(sent.length).toBe(1);
  expect(sent[0]?.body).toBeInstanceOf(ReadableStream);
  expect(sent[0]?.redirect).toBe("error"); // with any other, Node's fetch keeps all of the stream in memory
});

test("a file that is not what its hash says is refused, and one that nobody has is not found", async () => {
  const [one, other] = [contentOf(2000, 2), contentOf(2001, 3)];
  const hashes = [await upload(one), await upload(other)] as const;

  // A hostile store: a damaged blob, and another blob of the same user.
  const [blob, otherBlob] = [await stored(2040), await stored(2041)];
  const sealed = await server.blobs.read(otherBlob);
  await server.blobs.write(otherBlob, Buffer.from(sealed).fill((sealed[500] ?? 0) ^ 1, 500, 501));
  expect(await codeOf(phone.blobDownload(await phone.blobDownloadUrl(hashes[1]), hashes[1]))).toBe("blob/corrupt");
  await server.blobs.write(blob, sealed);
  expect(await codeOf(phone.blobDownload(await phone.blobDownloadUrl(hashes[0]), hashes[0]))).toBe("blob/corrupt");

  expect(await codeOf(phone.blobDownloadUrl("0".repeat(64)))).toBe("blob/not-found");
  expect(await codeOf(phone.blobUploadUrl("0".repeat(64), 501 * MIB))).toBe("blob/too-large");
});

test("a download goes on at the byte where it stopped", async () => {
  const content = contentOf(100_000, 4);
  const hash = await upload(content);
  const url = await phone.blobDownloadUrl(hash);
  const whole = await phone.blobContent(url, 0);
  const rest = await phone.blobContent(url, 60_000);

  expect([whole.total, rest.start, rest.total]).toEqual([100_040, 60_000, 100_040]);
  const bytes: Buffer[] = [];
  for await (const part of whole.bytes) bytes.push(Buffer.from(part));
  const tail: Buffer[] = [];
  for await (const part of rest.bytes) tail.push(Buffer.from(part));
  expect(Buffer.concat(tail).equals(Buffer.concat(bytes).subarray(60_000))).toBe(true);
});

test("what reading a file throws is what its upload throws, and nothing is confirmed", async () => {
  const content = contentOf(5_000, 5);
  const { url } = await desk.blobUploadUrl(hashOf(content), content.length);
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield content.subarray(0, 1000);
    await Promise.resolve();
    throw new Error("the disk is gone");
  }
  const failure = await desk.blobUpload(url ?? "", { size: content.length, read: failing }).catch((error: unknown) => error);
  expect(failure).toEqual(new Error("the disk is gone"));
  expect(await codeOf(desk.blobConfirm(hashOf(content), content.length))).toBe("server/rejected");
});
