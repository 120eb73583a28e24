export type {
  Body,
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  PutReceipt,
} from './object-store.ts';
export { openStore } from './open-store.ts';
export { contentKey, getContentAddressed, putContentAddressed } from './content-addressed.ts';
export { digestHex, sha256, verified } from './digest.ts';
export { readBytes } from './read-bytes.ts';
