import { status } from '@grpc/grpc-js';
import type { ServiceName } from '@cassl/cli';
import type { FuzzTarget } from './fuzz-target.ts';
import { hostileMessage } from './hostile-message.ts';
import { openMethods } from './platform-methods.ts';
import type { Random } from './random.ts';

/**
 * Random methods of every service with hostile requests, a tenth of them damaged after they were serialized.
 * @param addressOf `host:port` of a service
 * @param texts more texts for fields of text, for example the alias of a checkpoint that exists
 */
export async function callTarget(
  addressOf: (service: ServiceName) => string,
  texts: readonly string[] = [],
): Promise<FuzzTarget> {
  const platform = await openMethods(addressOf);
  const { methods, lookup } = platform;
  return {
    name: 'calls',
    async run(random) {
      const method = random.pick(methods);
      const message = hostileMessage(random, method.request, { lookup, texts });
      const answer = await platform.call(method, damageSome(random, method.serialize(message)));
      const code = status[answer.code];
      if (answer.wrong === undefined) return { code };
      return { code, wrong: `${answer.wrong} for ${JSON.stringify(message).slice(0, 400)}` };
    },
    close: () => platform.close(),
  };
}

function damageSome(random: Random, bytes: Buffer): Buffer {
  if (random.next() > 0.1 || bytes.length === 0) return bytes;
  const copy = Buffer.from(bytes);
  for (let flip = random.below(4); flip >= 0; flip--) copy[random.below(copy.length)] = random.below(256);
  return random.next() < 0.3 ? copy.subarray(0, random.below(copy.length)) : copy;
}
