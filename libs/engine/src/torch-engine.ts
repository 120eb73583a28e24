import { createEngine } from './create-engine.ts';
import type { Engine, KernelFallback } from './engine.ts';

interface TorchBackendFacts {
  readonly version: string;
  readonly device: string;
  readonly threads?: number;
  readonly fallbacks?: () => readonly KernelFallback[];
}

/** Our backend over libtorch. Throws where libtorch or the built addon is missing, saying what to install. */
export async function openTorchEngine(options: {
  readonly device?: string;
  readonly threads?: number;
}): Promise<Engine> {
  const torch = (await import('@cassl/engine-torch')) as unknown as {
    registerTorchBackend?: (options: object) => TorchBackendFacts;
  };
  if (torch.registerTorchBackend === undefined) throw new Error('libs/engine-torch is not built');
  const facts = torch.registerTorchBackend(options);
  return createEngine({
    name: 'torch',
    device: facts.device,
    version: `libtorch ${facts.version}`,
    threads: facts.threads ?? options.threads ?? 1,
    native: true,
    ...(facts.fallbacks && { fallbacks: facts.fallbacks }),
  });
}
