/** Where an image's encoded bytes are; plain data, so that it can travel to a worker thread or another machine. */
export interface ImageLocation {
  /** `file:///folder` or `s3://bucket/prefix`. */
  readonly store: string;
  /** The object inside the store: an image file, or the tar shard that holds it. */
  readonly key: string;
  /** Bytes [start, end) of the object; the whole object where absent. */
  readonly range?: { readonly start: number; readonly end: number };
}
