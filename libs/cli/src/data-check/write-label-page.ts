import { basename, dirname, join } from 'node:path';
import { openCocoDataset, type CheckedPart, type Dataset } from '@cassl/datasets';
import { writeOutput } from '../output/write-output.ts';
import { drawLabeled, drawUnlabeled } from './draw-pictures.ts';
import { labelPage, type LabelPagePart } from './label-page.ts';

/** Writes the page of what was checked: of a folder as it was named, or of a part that was named alone with the folder of its images. */
export async function writeLabelPage(
  path: string,
  parts: readonly CheckedPart[],
  {
    count,
    folder,
    images,
  }: {
    readonly count: number;
    readonly folder?: string | undefined;
    readonly images?: string | undefined;
  },
): Promise<void> {
  const pages: LabelPagePart[] = [];
  for (const part of parts) pages.push(await pageOf(part, count, images));
  const named = folder ?? images ?? (parts[0] === undefined ? '' : dirname(dirname(parts[0].path)));
  await writeOutput(path, labelPage(`Labels of ${named}`, pages));
}

async function pageOf(part: CheckedPart, count: number, images: string | undefined): Promise<LabelPagePart> {
  const { path, kind } = part;
  if (kind === 'unlabeled') return { part, pictures: await drawUnlabeled(path, count), categories: [] };
  // annotations/instances_train2017.json has its images in train2017.
  const split = basename(path).replace(/^[a-z]+_(.+)\.json$/, '$1');
  const folder = images ?? part.images ?? join(dirname(dirname(path)), split);
  const dataset = await openCocoDataset({ annotations: path, images: folder, kind, check: 'headers' });
  return { part, pictures: await drawLabeled(dataset, count), categories: countObjects(dataset) };
}

function countObjects({ images, categories }: Dataset): LabelPagePart['categories'] {
  const counts = new Map<number, number>();
  for (const { instances } of images) {
    for (const { category } of instances) counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  return categories
    .map(({ index, name }) => ({ name, objects: counts.get(index) ?? 0 }))
    .sort((a, b) => b.objects - a.objects);
}
