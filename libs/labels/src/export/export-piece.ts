import type { LabeledRow } from '../file/label-row.ts';

/**
 * A part of an export, in order: text to append to a file (`bytes`: as UTF-8, whole characters), or a link to an image. Paths are relative,
 * with `/`.
 */
export type ExportPiece =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly bytes: Uint8Array }
  | { readonly path: string; readonly linkTo: string };

export interface ExportTotals {
  readonly images: number;
  readonly labels: number;
  /** Labels without an area, which no format can hold. */
  readonly leftOut: number;
}

export interface ExportContext {
  /** Those with at least one usable label; labels without an area are left out. Read once, as a stream. */
  readonly images: AsyncIterable<LabeledRow>;
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
