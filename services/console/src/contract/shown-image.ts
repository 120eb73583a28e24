/** A box with what is known of it, as pages draw it. */
export interface ShownBox {
  /** [x, y, width, height], pixels. */
  readonly box: readonly [number, number, number, number];
  readonly score?: number;
  /** Category; '' for class-agnostic labels. */
  readonly name: string;
  /** Of a label: it is true; of an object: it was found. Absent without truth. */
  readonly isRight?: boolean;
  /** Lengths of runs, column by column, the first one outside of the mask. */
  readonly runs?: readonly number[];
}

/** An image of a label set. */
export interface ShownImage {
  /** Position in the pool. */
  readonly at: number;
  readonly key: string;
  /** 0 where it failed. */
  readonly width: number;
  readonly height: number;
  readonly failure?: { readonly code: string; readonly message: string };
  readonly labels: readonly ShownBox[];
  /** Objects that people labeled; absent where nobody looked. */
  readonly objects?: readonly ShownBox[];
}
