import { describe, expect, it } from 'vitest';
import { fitReply, ReplyRoom } from './reply-bytes.ts';

const MIB = 2 ** 20;
const type = { encode: (bytes: number) => ({ finish: () => new Uint8Array(bytes) }) };

describe('what fits into a reply', () => {
  it('ends before 3 MiB, with what else the reply holds', () => {
    expect(fitReply([MIB, MIB, MIB, 1], type)).toEqual([MIB, MIB]);
    expect(fitReply([1, 2, 3], type)).toEqual([1, 2, 3]);
    const room = new ReplyRoom();
    expect(room.take(type, 2 * MIB)).toBe(true);
    expect(fitReply([MIB / 2, MIB, 1], type, room)).toEqual([MIB / 2]);
  });

  it('is one entry at least, so that pages go on', () => {
    expect(fitReply([9 * MIB, 1], type)).toEqual([9 * MIB]);
  });

  it('is not asked further than it reads', () => {
    function* endless(): Generator<number> {
      for (;;) yield MIB;
    }
    expect(fitReply(endless(), type)).toHaveLength(2);
  });
});
