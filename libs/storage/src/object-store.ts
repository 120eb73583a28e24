/** Bytes in, whole or as they come; a stream is read once, chunk by chunk, so memory does not grow with its length. */
export type Body = Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** Total length when known; lets S3 choose parts large enough for its limit of 10,000. */
  readonly sizeBytes?: number;
  /** Refuse the object (INVALID_ARGUMENT, nothing stored) when its content is not this `sha256:<hex>`. */
  readonly expectedDigest?: string;
  /** Refuse where the key exists already (ALREADY_EXISTS): of several writers exactly one succeeds. */
  readonly ifAbsent?: boolean;
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  /** Only keys after this one in key order: goes on where an earlier listing stopped. */
  readonly after?: string;
  readonly signal?: AbortSignal;
}

export interface GetOptions {
  /** First byte, default 0. */
  readonly start?: number;
  /** One past the last byte, default the object's end. */
  readonly end?: number;
  /** Refuse (INVALID_ARGUMENT) to read more than this, before the first byte. Default: no limit. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/** What a put wrote. */
export interface PutReceipt {
  readonly key: string;
  readonly sizeBytes: number;
  /** `sha256:<64 hex digits>` of the content. */
  readonly digest: string;
}

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/**
 * A flat map from keys (`a/b/c`) to immutable-at-rest bytes: a folder or an S3 bucket behind one contract.
 * A put is atomic: readers see the old object or the whole new one, and a put that fails leaves nothing behind.
 */
export interface ObjectStore {
  /** The URI it was opened with, without credentials. */
  readonly uri: string;
  put(key: string, body: Body, options?: PutOptions): Promise<PutReceipt>;
  /** Throws NOT_FOUND for a missing key and OUT_OF_RANGE for a range outside the object, at the first chunk. */
  get(key: string, options?: GetOptions): AsyncIterable<Uint8Array>;
  /** `undefined` when there is no such object. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Every object whose key starts with the prefix, in key order. */
  list(prefix?: string, options?: ListOptions): AsyncIterable<ObjectInfo>;
  /** Renames, replacing what was there; NOT_FOUND when `from` is missing. */
  move(from: string, to: string): Promise<void>;
  /** Deleting a missing key is not an error. */
  delete(key: string): Promise<void>;
}
