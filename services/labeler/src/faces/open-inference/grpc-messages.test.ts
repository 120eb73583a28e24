import { expect, it } from 'vitest';
import { toMessage } from './grpc-messages.ts';

const MEBIBYTE = 2 ** 20;
const request = { model: 'm', id: 'a', places: new Map() };

/** An answer whose masks have so many bytes in all. */
const answerOf = (bytes: number): (() => unknown) => {
  const values = Array.from({ length: 64 }, () => 'x'.repeat(bytes / 64));
  const masks = { name: 'masks', datatype: 'BYTES', shape: [64, 1], values } as const;
  return () => toMessage(request, [], { wantsMasks: true, write: () => [masks] });
};

it('refuses an answer that no message holds, and says what to ask for instead', () => {
  expect(answerOf(60 * MEBIBYTE)()).toMatchObject({ outputs: [{ name: 'masks', shape: [64, 1] }] });
  expect(answerOf(64 * MEBIBYTE)).toThrow(
    /^outputs: the answer has 67109120 bytes, the limit of a message is 67108864: .*max_detections/,
  );
});
