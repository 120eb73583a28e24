import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The whole contract as a serialized `google.protobuf.FileDescriptorSet`, for gRPC reflection. */
export function descriptorSet(): Uint8Array {
  return readFileSync(fileURLToPath(new URL('./gen/cassl.binpb', import.meta.url)));
}
