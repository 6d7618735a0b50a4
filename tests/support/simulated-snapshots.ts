/** A server's snapshots of one account (extension `snapshots`), in the clear: the one that is whole, and the one that is on its way. */
import { SyncError } from "@synckit-gen/runtime";
import { fingerprint } from "../../runtime/src/engine/fingerprint.ts";
import type { SnapshotRelay } from "../../runtime/src/engine/snapshot-upload.ts";

interface Chunk {
  readonly text: string;
  readonly link: string;
}

interface Upload {
  readonly id: string;
  readonly chunks: readonly Chunk[];
}

type Whole = Upload & { readonly cursor: number; readonly manifest: string };

export class SimulatedSnapshots {
  #count = 0;
  #upload: Upload | null = null;
  #whole: Whole | null = null;

  /** Everything that it has been given and still has. */
  texts(): readonly string[] {
    return [...(this.#upload?.chunks ?? []), ...(this.#whole?.chunks ?? [])].map(({ text }) => text);
  }

  readonly newId = (): string => `snapshot-${(this.#count += 1)}`;

  readonly found: SnapshotRelay["snapshot"] = () =>
    Promise.resolve(this.#whole === null ? null : { ...this.#whole, snapshotId: this.#whole.id, chunks: this.#whole.chunks.length });

  readonly chunk: SnapshotRelay["snapshotChunk"] = ({ snapshotId, index, link }) => {
    const [before, chunk] = this.#whole?.id === snapshotId ? [this.#whole.chunks[index - 1], this.#whole.chunks[index]] : [];
    if (chunk === undefined || (before?.link ?? "") !== link) return Promise.reject(refusal(404));
    return Promise.resolve(chunk);
  };

  readonly put: SnapshotRelay["putSnapshotChunk"] = (_device, { snapshotId, index, link }, text) => {
    const sent = this.#upload?.id === snapshotId ? this.#upload.chunks : [];
    if (index > sent.length) return Promise.reject(refusal(409));
    const chunk = { text, link: fingerprint(JSON.stringify([snapshotId, index, link, text])) };
    this.#upload = { id: snapshotId, chunks: [...sent.slice(0, index), chunk] };
    return Promise.resolve(chunk.link);
  };

  readonly complete: SnapshotRelay["completeSnapshot"] = (_device, { snapshotId, cursor, chunks, manifest }) => {
    if (this.#whole?.id === snapshotId) return Promise.resolve();
    if (this.#upload?.id !== snapshotId || this.#upload.chunks.length !== chunks) return Promise.reject(refusal(409));
    this.#whole = { ...this.#upload, cursor, manifest };
    this.#upload = null;
    return Promise.resolve();
  };
}

const refusal = (status: number): SyncError => new SyncError("server/rejected", { status });
