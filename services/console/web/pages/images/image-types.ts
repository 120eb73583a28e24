/** As src/label-sets/shown-image.ts sends them. */
export interface ShownBox {
  readonly box: readonly [x: number, y: number, width: number, height: number];
  readonly score?: number;
  readonly name: string;
  readonly isRight?: boolean;
  readonly runs?: readonly number[];
}

export interface ShownImage {
  readonly at: number;
  readonly key: string;
  readonly width: number;
  readonly height: number;
  readonly failure?: { readonly code: string; readonly message: string };
  readonly labels: readonly ShownBox[];
  readonly objects?: readonly ShownBox[];
}

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
