export type {
  Body,
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  PutReceipt,
} from './object-store.ts';
export { keyFault } from './object-key.ts';
export { openRequestedStore, openStore } from './open-store.ts';
export { contentKey, getContentAddressed, putContentAddressed } from './content-addressed.ts';
export { digestHex, DigestMeter, sha256, verified } from './digest.ts';
export { readBytes } from './read-bytes.ts';
export {
  checkReadable,
  checkWritable,
  readAddress,
  readablePath,
  splitAddress,
} from './requested-address.ts';
export { isAddressIn, limitAddresses, PLACES_VARIABLE, writablePlaces, type Use } from './allowed-places.ts';
export { addressIn, folderAddress, folderOfAddress } from './folder-address.ts';
export { openRegularFile, type OpenRegularFileOptions, type RegularFile } from './regular-file.ts';
export { parseAddress, type Address } from './parse-address.ts';
export { withinTime } from './within-time.ts';
