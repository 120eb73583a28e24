import { digestHex, splitAddress } from '@cassl/storage';

const INDEX = '.labelset.jsonl';

/** Beside each other in one folder, each named by the sha256 of its bytes, so that a folder can be copied as it is. */
export function labelFileKey(digest: string): string {
  return `${digestHex(digest)}.jsonl.gz`;
}

export function labelSetKey(digest: string): string {
  return `${digestHex(digest)}${INDEX}`;
}

/** True for the address of a label set's index, by its name. */
export function isLabelSet(address: string): boolean {
  return address.endsWith(INDEX);
}

/** What a run cost and when it was; not part of the set, because it differs between two runs with the same labels. */
export function factsKey(digest: string): string {
  return `${digestHex(digest)}.facts.json`;
}

export interface LabelSetPlace {
  readonly folder: string;
  readonly key: string;
  /** Undefined where the file was renamed. */
  readonly digest: string | undefined;
}

/** @throws INVALID_ARGUMENT for what is not the address of a file or object */
export function placeOf(address: string): LabelSetPlace {
  const { folder, name: key } = splitAddress('label set', address);
  const hex = /^([0-9a-f]{64})\.labelset\.jsonl$/.exec(key)?.[1];
  return { folder, key, digest: hex === undefined ? undefined : `sha256:${hex}` };
}
