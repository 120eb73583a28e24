import type { ShownImage } from '../../../src/contract/shown-image.ts';

export type { ShownBox, ShownImage } from '../../../src/contract/shown-image.ts';

export interface ImagePage {
  readonly images: readonly ShownImage[];
  readonly total: number;
  readonly seen: number;
}

export interface SetHead {
  readonly digest: string;
  readonly threshold: number;
  readonly totals: {
    readonly files: number;
    readonly images: number;
    readonly labeled: number;
    readonly empty: number;
    readonly failed: number;
    readonly labels: number;
  };
  readonly sources: readonly { readonly teacher: { readonly digest: string; readonly licence: string } }[];
  /** Of the truth; null where nobody labeled these images. */
  readonly categories: readonly string[] | null;
}
