import { invalidArgument } from '@cassl/errors';

/** The manifest of a new checkpoint, as every repository shows it: read when it is pushed, never kept as a file. */
export const FACTS = 'cassl.json';

const MAX_PATH_BYTES = 255;

export function isWeights(path: string): boolean {
  return path.toLowerCase().endsWith('.safetensors');
}

/** @throws INVALID_ARGUMENT for a path that could leave its folder, or that no client could ask for */
export function checkPath(path: string): string {
  const parts = path.split('/');
  const isOdd =
    /[\u0000-\u001f\u007f\\]/.test(path) ||
    parts.some((part) => part === '' || part === '.' || part === '..');
  if (!isOdd && parts[0] !== '.git' && Buffer.byteLength(path) <= MAX_PATH_BYTES) return path;
  throw invalidArgument(
    `a path must be relative, of at most ${MAX_PATH_BYTES} bytes, without empty, "." or ".." parts, got ${JSON.stringify(path.slice(0, 200))}`,
  );
}
