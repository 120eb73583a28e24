import { createRequire, registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { registerReluGradient } from './ops/relu-gradient.ts';

const require = createRequire(import.meta.url);

let registered = false;

/**
 * Registers tfjs-core's gradients and chained ops, which its Node entry leaves out. They ship only as ES modules with
 * extensionless imports, so their resolution is completed while they load; they then register themselves in tables that
 * are global to the process, whichever copy of tfjs-core the caller holds.
 */
export function registerGradients(): void {
  if (registered) return;
  const dist = dirname(require.resolve('@tensorflow/tfjs-core'));
  const root = pathToFileURL(dist).href + '/';
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const parent = context.parentURL ?? '';
      if (specifier.startsWith('.') && parent.startsWith(root)) {
        return { url: new URL(`${specifier}.js`, parent).href, format: 'module', shortCircuit: true };
      }
      const resolved = next(specifier, context);
      const isEntry = resolved.url.startsWith(root) && /register_all_\w+\.js$/.test(resolved.url);
      return isEntry ? { ...resolved, format: 'module' } : resolved;
    },
  });
  try {
    require(join(dist, 'register_all_gradients.js'));
    require(join(dist, 'public', 'chained_ops', 'register_all_chained_ops.js'));
  } finally {
    hooks.deregister();
  }
  registerReluGradient();
  registered = true;
}
