import type { LabeledRow } from '../file/label-row.ts';
import { ByteText } from './byte-text.ts';
import { cvatImage } from './cvat-image.ts';
import { PIECE } from './export-piece.ts';
import { labelStudioTask } from './label-studio-task.ts';

/** Formats whose masks are turned from columns to rows, number by number: most of their time. */
export type RenderedFormat = 'cvat' | 'label-studio';

/** Images that follow each other in an export. */
export interface RenderedImages {
  readonly format: RenderedFormat;
  readonly className: string;
  /** Number of the first one in the whole export, from 0. */
  readonly first: number;
  readonly images: readonly LabeledRow[];
}

/**
 * Their text as UTF-8, in pieces worth sending; the same whether it is made here or on another thread. As bytes it goes from thread to
 * thread and to the disk without being copied.
 * @throws INVALID_ARGUMENT for a mask that cannot be read
 */
export function renderImages({
  format,
  className,
  first,
  images,
}: RenderedImages): Uint8Array<ArrayBuffer>[] {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  // A call before may have ended in the middle of an image.
  text.clear();
  for (const [index, image] of images.entries()) {
    if (format === 'cvat') cvatImage(text, image, first + index, className);
    else {
      text.add(first + index === 0 ? '\n' : ',\n');
      labelStudioTask(text, image, className);
    }
    if (text.length >= PIECE || index === images.length - 1) pieces.push(text.take());
  }
  return pieces;
}

// Kept from call to call: its memory grows to what an image takes.
const text = new ByteText();
