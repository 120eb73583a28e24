import { errorMessage } from '@cassl/errors';
import { openEngine } from '@cassl/engine';

// Asked for by name, the engine says itself what it lacks.
const needsGpu = process.env.CASSL_REQUIRE_GPU === '1' && !process.env.CASSL_ENGINE;
const silent = { info: () => undefined, warn: () => undefined };
try {
  const { name, device, version, threads } = await openEngine({
    logger: silent,
    ...(needsGpu && { engine: 'torch' as const }),
  });
  process.stdout.write(JSON.stringify({ name, device, version, threads }), () => process.exit(0));
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`, () => process.exit(1));
}
