import { provideAutocast } from './autocast.ts';
import { createEngine } from './create-engine.ts';
import type { Engine } from './engine.ts';

/**
 * Our backend over libtorch. Throws FAILED_PRECONDITION where libtorch or the built addon is missing, saying how to get
 * it.
 */
export async function openTorchEngine(options: {
  readonly device?: string;
  readonly threads?: number;
}): Promise<Engine> {
  const { registerTorchBackend } = await import('@cassl/engine-torch');
  const { device, version, threads, fallbacks, setAutocast } = registerTorchBackend(options);
  provideAutocast('torch', setAutocast);
  return createEngine({
    name: 'torch',
    device,
    version: `libtorch ${version}`,
    threads,
    native: true,
    fallbacks,
  });
}
