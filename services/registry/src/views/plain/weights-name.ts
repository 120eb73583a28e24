import { CONTAINERS, type Container } from '@cassl/checkpoints';

export interface WeightsName {
  /** The first digits of its sha256, which torch.hub and mmengine check. */
  readonly hash?: string;
  readonly container: Container;
}

/** torch.hub finds the hash between the last "-" and the dot; eight digits are its habit. */
const DIGITS = 8;

/** `undefined` for what is no name of a file of weights. */
export function parseWeightsName(name: string): WeightsName | undefined {
  const found = /^[\w.@+-]+?(?:-([0-9a-f]{8,64}))?\.([a-z]+)$/.exec(name);
  const container = CONTAINERS.find((known) => known === found?.[2]);
  if (found === null || container === undefined) return undefined;
  return found[1] === undefined ? { container } : { hash: found[1], container };
}

/** `warmup.prod-1a2b3c4d.pth` for the alias `warmup@prod`. */
export function weightsName(reference: string, sha256: string, container: Container): string {
  const stem = reference.replaceAll(/[^\w.]+/g, '.').replaceAll(/^\.+|\.+$/g, '') || 'model';
  return `${stem}-${sha256.slice(0, DIGITS)}.${container}`;
}
