import { createFileRegistry, fromBinary, ScalarType, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptorSet } from './descriptor-set.ts';

const WIDE: readonly (ScalarType | undefined)[] = [ScalarType.INT64, ScalarType.UINT64];
let contract: FileRegistry | undefined;

/**
 * The name of a field of 64 bits in a method's request, `spec.seed`; empty where there is none.
 * @param service full name, `cassl.v1.TrainerService`
 * @param method as in generated code, `startTraining`
 * @param place the numbers of the fields that lead to it
 */
export function wideFieldPath(service: string, method: string, place: readonly number[]): string {
  contract ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet()));
  const names: string[] = [];
  let message = contract.getService(service)?.method[method]?.input;
  for (const [index, number] of place.entries()) {
    const field = message?.fields.find((one) => one.number === number);
    const isLast = index === place.length - 1;
    const isWide = field?.fieldKind === 'list' || field?.fieldKind === 'scalar';
    if (field === undefined || (isLast && !(isWide && WIDE.includes(field.scalar)))) return '';
    names.push(field.name);
    message = field.message;
  }
  return names.join('.');
}
