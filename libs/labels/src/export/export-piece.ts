import type { LabeledRow } from '../file/label-row.ts';

/** A part of an export, in order: text to append to a file, or a link to an image. Paths are relative, with `/`. */
export type ExportPiece =
  { readonly path: string; readonly text: string } | { readonly path: string; readonly linkTo: string };

export interface ExportTotals {
  readonly images: number;
  readonly labels: number;
  /** Labels without an area, which no format can hold. */
  readonly leftOut: number;
}

/** An image with at least one usable label; labels without an area are left out. */
export interface ExportImage extends LabeledRow {
  /** Of each label: pixels of its mask, or of its box. */
  readonly areas: readonly number[];
}

export interface ExportContext {
  /** Read once, as a stream. */
  readonly images: AsyncIterable<ExportImage>;
  readonly className: string;
}

export type Exporter = (context: ExportContext) => AsyncIterable<ExportPiece>;

/** Characters that are worth sending. */
export const PIECE = 1 << 18;

/** Joins small texts of one file into pieces worth sending. */
export async function* inPieces(path: string, texts: AsyncIterable<string>): AsyncGenerator<ExportPiece> {
  let text = '';
  for await (const part of texts) {
    text += part;
    if (text.length < PIECE) continue;
    yield { path, text };
    text = '';
  }
  if (text !== '') yield { path, text };
}
