import type { Writable } from 'node:stream';

/** A stored file as the store sees it, without reading it. */
export interface StoredBlob {
  readonly digest: string;
  readonly sizeBytes: number;
  /** Changes whenever the stored bytes may have: a file's inode, size and times, or an S3 ETag. */
  readonly version: string;
  readonly modifiedAt: Date;
}

export interface ReadOptions {
  /** First byte, default 0. */
  readonly start?: number | undefined;
  /** One past the last byte; default the end. */
  readonly end?: number | undefined;
  /** The version that was verified: bytes of another one are not given (DATA_LOSS). */
  readonly version?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Something that a kill left behind. */
export interface UnfinishedUpload {
  readonly kind: 'upload' | 'multipart-upload';
  readonly name: string;
  /** What the state that `onState` was told names it by; absent where its store needs no state. */
  readonly id?: string | undefined;
  /** Empty where the store cannot tell. */
  readonly digest: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly discard: () => Promise<void>;
}

/** Takes a file in, piece by piece. Exactly one of `finish`, `suspend` and `discard` ends it. */
export interface BlobUpload {
  /** Bytes that an earlier try left and that are kept. */
  readonly keptBytes: number;
  /** The kept bytes, to be hashed; `undefined` where they can be read only once the upload is finished. */
  kept(): AsyncIterable<Uint8Array> | undefined;
  /** Appends; resolves when the next piece is wanted. The bytes must not change any more. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the bytes durable under their digest, replacing what was there, without copying them. */
  finish(): Promise<StoredBlob>;
  /** Keeps what it has for a later try; resolves to the number of bytes kept. */
  suspend(): Promise<number>;
  discard(): Promise<void>;
}

export interface UploadOptions {
  readonly sizeBytes: number;
  /** Bytes of an earlier try to keep at most; the rest of them is dropped. */
  readonly offset: number;
  /** What `onState` was told last by an earlier try, of whatever replica. */
  readonly state: string | null;
  /** Another process may still hold what is kept: it is copied instead of written to. */
  readonly isTakenOver: boolean;
  /** Called, and waited for, whenever there is something new to remember for a later try; null where nothing is left of it. */
  readonly onState: (state: string | null) => Promise<void>;
}

/**
 * Checkpoint files by their sha256 (64 hex digits): a folder or an S3 bucket. The general object store of libs/storage has
 * neither resumable uploads nor versions, and copies every byte through an iterator.
 */
export interface BlobStore {
  /** `undefined` when there is none. */
  head(digest: string): Promise<StoredBlob | undefined>;
  /** Gives exactly the bytes asked for, or throws DATA_LOSS. */
  read(digest: string, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /**
   * The same into a stream such as an HTTP response, which stays open; rejects when it closes early. The buffers are used again
   * once a write has called back: a socket has the bytes then, a PassThrough that is read later has not.
   */
  send(digest: string, sink: Writable, options?: ReadOptions): Promise<void>;
  /** An address that gives the file to whoever knows it, for an hour; a folder has none. */
  signedUrl?(digest: string): Promise<string>;
  /** Bytes of an earlier try that can be gone on from. */
  keptBytes(digest: string, state: string | null): Promise<number>;
  upload(digest: string, options: UploadOptions): Promise<BlobUpload>;
  delete(digest: string): Promise<void>;
  /** Every stored file. */
  list(): AsyncIterable<StoredBlob>;
  unfinished(): AsyncIterable<UnfinishedUpload>;
  /**
   * Marks the store as one database's; a mark that is there stays.
   * @returns the id that it carries now
   */
  mark(id: string): Promise<string>;
  close(): void;
}
