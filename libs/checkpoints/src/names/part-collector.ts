import { invalidArgument } from '@cassl/errors';
import type { LazyState, LazyTensor } from '../lazy-tensor.ts';
import type { Part } from './rule.ts';

interface Collected {
  readonly parts: (LazyTensor | undefined)[];
  readonly from: string;
}

/** Joins what another framework keeps as several tensors (transformers' query, key and value) to one of ours. */
export class PartCollector {
  readonly #collected = new Map<string, Collected>();

  add(to: string, from: string, { index, of }: Part, tensor: LazyTensor): void {
    const entry = this.#collected.get(to) ?? { parts: new Array<undefined>(of).fill(undefined), from };
    entry.parts[index] = tensor;
    this.#collected.set(to, entry);
  }

  /** @throws INVALID_ARGUMENT where a part is missing or has another shape than the first */
  joined(): LazyState {
    return new Map([...this.#collected].map(([name, { parts, from }]) => [name, join(name, from, parts)]));
  }
}

function join(name: string, from: string, parts: readonly (LazyTensor | undefined)[]): LazyTensor {
  const [first] = parts;
  const isWhole = parts.every(
    (part) => part?.origin instanceof Uint8Array && part.shape.join() === first?.shape.join(),
  );
  if (first === undefined || !isWhole) {
    throw invalidArgument(
      `${name} is ${parts.length} tensors of one shape there; the checkpoint has only some, among them ${from}`,
    );
  }
  const bytes = Buffer.concat(parts.map((part) => part!.origin as Uint8Array));
  const shape = [first.shape[0]! * parts.length, ...first.shape.slice(1)];
  return { dtype: first.dtype, shape, origin: new Uint8Array(bytes) };
}
