import { PipelineServiceDefinition, RegistryServiceDefinition, TrainerServiceDefinition } from '@cassl/proto';
import { expect, it } from 'vitest';
import { checkReadable, withReadableRequests } from './unreadable-request.ts';

/** 2^53 + 1 as a varint. */
const WIDE = [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
const tag = (field: number, wireType: number): number => field * 8 + wireType;
const message = (field: number, bytes: readonly number[]): number[] => [
  tag(field, 2),
  bytes.length,
  ...bytes,
];

const { getUpload } = withReadableRequests(RegistryServiceDefinition).methods;
const { startTraining } = withReadableRequests(TrainerServiceDefinition).methods;
const { start } = withReadableRequests(PipelineServiceDefinition).methods;

it.each([
  ['request.size_bytes', getUpload, [...message(1, [97]), tag(2, 0), ...WIDE]],
  ['request.spec.seed', startTraining, message(2, [tag(8, 0), ...WIDE])],
  ['request.spec.seeds', start, message(2, message(14, WIDE))],
  ['request.spec.seeds', start, message(2, message(14, [1, ...WIDE]))],
  ['request.spec.seeds', start, message(2, [tag(14, 0), ...WIDE])],
])('a number that JavaScript’s do not hold is named: %s', (name, { requestType }, bytes) => {
  const request: unknown = requestType.decode(Uint8Array.from(bytes));
  expect(() => checkReadable(request)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: `${name} must be from -(2^53 - 1) to 2^53 - 1`,
    }),
  );
});

it('bytes that are no message are told from one', () => {
  const request: unknown = getUpload.requestType.decode(Uint8Array.of(tag(1, 2), 100));
  expect(() => checkReadable(request)).toThrow(/^the request cannot be read as a message of this method: /);
  expect(() => checkReadable(getUpload.requestType.decode(new Uint8Array(0)))).not.toThrow();
});
