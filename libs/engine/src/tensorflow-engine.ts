import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { failedPrecondition } from '@cassl/errors';
import { createEngine } from './create-engine.ts';
import type { Engine } from './engine.ts';

interface TensorflowPackage {
  backend(): { readonly binding: { readonly TF_Version: string }; readonly isUsingGpuDevice: boolean };
}

const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/** Where `tensorflow/install.sh` puts it; `CASSL_TENSORFLOW_DIR` names another folder. */
const installed = join(import.meta.dirname, '../../../.tools/tensorflow');

/**
 * tfjs-node or tfjs-node-gpu, where somebody has installed one. It is no dependency, not even an optional one: with it
 * come 150 MB, and an install script that waits for a download that many networks refuse.
 */
export function openTensorflowEngine(): Engine {
  const found = findPackage();
  if (found === undefined) {
    throw failedPrecondition(
      "engine 'tensorflow': tfjs-node is not installed; `bash libs/engine/tensorflow/install.sh` builds it against a TensorFlow 2 wheel",
    );
  }
  checkNodeVersion(found.name);
  const tensorflow = load(found);
  const { binding, isUsingGpuDevice } = tensorflow.backend();
  return createEngine({
    name: 'tensorflow',
    device: isUsingGpuDevice ? 'cuda:0' : 'cpu',
    version: `TensorFlow ${binding.TF_Version}`,
    threads: availableParallelism(),
    native: true,
  });
}

/** @throws FAILED_PRECONDITION where Node has dropped what tfjs-node 4.22 calls. */
export function checkNodeVersion(name: string, version: string = process.versions.node): void {
  if (Number(version.split('.')[0]) < 23) return;
  throw failedPrecondition(
    `engine 'tensorflow': ${name} 4.22 needs Node 22 or older (it calls util.isNullOrUndefined, which 23 dropped), this is Node ${version}`,
  );
}

interface FoundPackage {
  readonly name: string;
  readonly path: string;
  readonly require: NodeJS.Require;
}

function findPackage(): FoundPackage | undefined {
  const folder = process.env['CASSL_TENSORFLOW_DIR'] ?? installed;
  const roots = [import.meta.url, ...(existsSync(folder) ? [join(folder, 'package.json')] : [])];
  for (const root of roots) {
    const require = createRequire(root);
    for (const name of packages) {
      try {
        return { name, path: require.resolve(name), require };
      } catch {
        // Not there: the next one.
      }
    }
  }
  return undefined;
}

function load({ name, path, require }: FoundPackage): TensorflowPackage {
  try {
    return require(path) as TensorflowPackage;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : JSON.stringify(error);
    throw failedPrecondition(`engine 'tensorflow': ${name} at ${path} does not load: ${reason}`, {
      cause: error,
    });
  }
}
