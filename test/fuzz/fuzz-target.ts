import type { Random } from './random.ts';

/** What one input ended with; `wrong` where no input may cause that, with all that is needed to look at it. */
export interface Outcome {
  /** A status, for counting. */
  readonly code: string;
  readonly wrong?: string;
}

/** Something that takes inputs of others: an RPC server, an HTTP port, the reader of a file format. */
export interface FuzzTarget {
  readonly name: string;
  /** Makes an input of the random numbers, hands it over and waits for its end. */
  run(random: Random): Promise<Outcome>;
  close(): void | Promise<void>;
}

export interface Finding {
  readonly target: string;
  readonly seed: number;
  /** With the seed it makes the same input again. */
  readonly number: number;
  readonly wrong: string;
}
