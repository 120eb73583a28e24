import { provideAutocast } from './autocast.ts';
import { provideDetectionKernels } from './detection-kernels.ts';
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
  const backend = registerTorchBackend(options);
  const { device } = backend;
  provideAutocast('torch', (mode) => backend.setAutocast(mode));
  provideDetectionKernels('torch', backend.detection);
  return createEngine({
    name: 'torch',
    device,
    version: `libtorch ${backend.version}`,
    threads: backend.threads,
    native: true,
    fallbacks: () => backend.fallbacks(),
    deviceBytes: () => backend.memory().deviceBytes,
    useDevice: () => void backend.setDevice(device),
  });
}
