import { cvatImage } from './cvat-image.ts';
import type { ExportImage } from './export-piece.ts';
import { labelStudioTask } from './label-studio-task.ts';

/** Formats whose masks are turned from columns to rows, number by number: most of their time. */
export type RenderedFormat = 'cvat' | 'label-studio';

/** Images that follow each other in an export. */
export interface RenderedImages {
  readonly format: RenderedFormat;
  readonly className: string;
  /** Number of the first one in the whole export, from 0. */
  readonly first: number;
  readonly images: readonly ExportImage[];
}

/** The text of each, the same whether it is made here or on another thread. */
export function renderImages({ format, className, first, images }: RenderedImages): string[] {
  return images.map((image, index) =>
    format === 'cvat'
      ? cvatImage(image, first + index, className)
      : `${first + index === 0 ? '' : ','}\n${labelStudioTask(image, className)}`,
  );
}
