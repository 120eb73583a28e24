import type { Engine } from '@cassl/engine';

/** For people and reports: `torch (cpu, 2 threads)`. */
export function describeEngine({ name, device, threads }: Engine): string {
  const cores = device === 'cpu' ? `, ${threads} thread${threads === 1 ? '' : 's'}` : '';
  return `${name} (${device}${cores})`;
}
