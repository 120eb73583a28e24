import { failedPrecondition } from '@cassl/errors';
import { createEngine } from './create-engine.ts';
import type { Engine } from './engine.ts';

interface TensorflowBinding {
  readonly version: { readonly 'tfjs-node': string };
  readonly node?: unknown;
}

const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/** tfjs-node or tfjs-node-gpu, where somebody has installed one. Throws where there is none or Node is too new for it. */
export async function openTensorflowEngine(): Promise<Engine> {
  const major = Number(process.versions.node.split('.')[0]);
  let reason: unknown;
  for (const name of packages) {
    if (!isInstalled(name)) continue;
    if (major >= 23) {
      throw failedPrecondition(
        `engine 'tensorflow': ${name} 4.22 needs Node 22 or older (it calls util.isNullOrUndefined, removed in 23), this is Node ${process.versions.node}`,
      );
    }
    try {
      const binding = (await import(name)) as TensorflowBinding;
      const gpu = name.endsWith('gpu');
      return createEngine({
        name: 'tensorflow',
        device: gpu ? 'cuda:0' : 'cpu',
        version: `${name.slice('@tensorflow/'.length)} ${binding.version['tfjs-node']}`,
        threads: 0,
        native: true,
      });
    } catch (error) {
      reason = error;
    }
  }
  throw failedPrecondition(
    reason === undefined
      ? `engine 'tensorflow': neither ${packages.join(' nor ')} is installed`
      : `engine 'tensorflow': the installed package does not load: ${describe(reason)}`,
    { cause: reason },
  );
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : JSON.stringify(error);
}
