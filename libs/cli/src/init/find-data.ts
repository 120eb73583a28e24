import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { readJsonArrays } from '@cassl/coco';
import { errorMessage, failedPrecondition, invalidArgument, notFound } from '@cassl/errors';

/** One COCO file and the folder of its images. */
export interface LabeledPart {
  readonly annotations: string;
  readonly images: string;
}

/** What a folder offers to a pipeline. */
export interface FoundData {
  readonly labeled: LabeledPart;
  /** Absent where the folder has one annotation file alone: then part of it is kept for validation. */
  readonly validation?: LabeledPart | undefined;
  readonly unlabeled: string;
  /** The pool is the folder of the labeled images too. */
  readonly poolHoldsLabeled: boolean;
}

export interface FindDataFlags {
  readonly annotations?: string | undefined;
  readonly images?: string | undefined;
  readonly unlabeled?: string | undefined;
}

/** In the name of the file, or in that of the folder where it lies beside its images. */
const VALIDATION = /(^|[^a-z])(val|valid|validation|test|dev)/i;
/** Enough to see in which folder they lie. */
const FIRST_IMAGES = 20;
const IMAGE = /\.(jpe?g|jpe|jfif|png|webp|avif|tiff?|gif|tar)$/i;

/** Labeled images of a folder, in whichever layout they lie. */
export interface FoundLabels {
  /** Every annotation file there. */
  readonly files: readonly string[];
  readonly labeled: LabeledPart;
  readonly validation?: LabeledPart | undefined;
}

/**
 * Looks for annotation files in COCO's format and their images.
 * @throws NOT_FOUND or FAILED_PRECONDITION that says what is missing and which flag names it
 */
export async function findLabels(folder: string, flags: FindDataFlags = {}): Promise<FoundLabels> {
  const files = flags.annotations === undefined ? await annotationFiles(folder) : [flags.annotations];
  const isValidation = (file: string): boolean =>
    flags.annotations === undefined && VALIDATION.test(relative(folder, file));
  const trainings = files.filter((file) => !isValidation(file));
  const [training = files[0]] = trainings;
  if (training === undefined) {
    throw failedPrecondition(
      `${folder} holds no COCO annotations (a JSON file with "images" and "annotations", in it or in a folder ` +
        'of it): name the file by --annotations',
    );
  }
  if (trainings.length > 1) {
    throw invalidArgument(
      `${folder} holds several annotation files (${trainings.map((file) => relative(folder, file)).join(', ')}): choose one by --annotations`,
    );
  }
  const labeled = { annotations: training, images: flags.images ?? (await imagesOf(training, folder)) };
  const others = files.filter((file) => file !== training && isValidation(file));
  // What is called a test is for the very end.
  const other = others.find((file) => !/(^|[^a-z])test/i.test(relative(folder, file))) ?? others[0];
  if (other === undefined) return { files, labeled };
  return { files, labeled, validation: { annotations: other, images: await imagesOf(other, folder) } };
}

/**
 * Looks for labeled images as `findLabels` does, and for images without labels.
 * @throws NOT_FOUND or FAILED_PRECONDITION that says what is missing and which flag names it
 */
export async function findData(folder: string, flags: FindDataFlags = {}): Promise<FoundData> {
  const { files, labeled, validation } = await findLabels(folder, flags);
  // Where labels lie beside images, each of those folders has labels of its own.
  const taken = [labeled.images, validation?.images ?? '', ...files.map((file) => dirname(file))];
  const unlabeled = flags.unlabeled ?? (await findPool(folder, labeled, taken));
  return { labeled, validation, unlabeled, poolHoldsLabeled: unlabeled === labeled.images };
}

/** COCO's own names first; otherwise whatever looks like it inside. */
async function annotationFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw notFound(`cannot read the folder ${folder}: ${errorMessage(cause)}`, { cause });
  });
  const inside = await readdir(join(folder, 'annotations')).catch(() => []);
  const files = [
    ...inside.map((name) => join(folder, 'annotations', name)),
    ...names.map((name) => join(folder, name)),
  ];
  const jsons = files.filter((file) => file.endsWith('.json')).sort();
  const usual = jsons.filter((file) => /^instances_(train|val)/.test(basename(file)));
  if (usual.length > 0) return usual;
  const found = await onlyAnnotations(jsons);
  return found.length > 0 ? found : besideImages(folder);
}

/** A file in each split's folder, beside its images, as Roboflow writes them. */
async function besideImages(folder: string): Promise<string[]> {
  const lists = (await foldersOf(folder)).map(async (path) =>
    (await readdir(path)).filter((name) => name.endsWith('.json')).map((name) => join(path, name)),
  );
  return onlyAnnotations((await Promise.all(lists)).flat().sort());
}

async function onlyAnnotations(files: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const file of files) if ((await listedImages(file)) !== undefined) found.push(file);
  return found;
}

/** File names of the images, with slashes; `undefined` where it is no annotation file. */
async function listedImages(file: string): Promise<string[] | undefined> {
  try {
    const { names, hasAnnotations } = await readNames(file);
    return hasAnnotations ? names : undefined;
  } catch {
    return undefined;
  }
}

/** @throws INVALID_ARGUMENT naming the file where it is not JSON */
async function readNames(
  file: string,
): Promise<{ readonly names: string[]; readonly hasAnnotations: boolean }> {
  const names: string[] = [];
  let hasAnnotations = false;
  await readJsonArrays(file, {
    images: (entries) => names.push(...entries.map(fileNameOf)),
    annotations: () => (hasAnnotations = true),
  });
  return { names, hasAnnotations };
}

/** As it is looked for: Windows writes backslashes. */
function fileNameOf(entry: unknown): string {
  const { file_name: name } = (entry ?? {}) as { readonly file_name?: unknown };
  return typeof name === 'string' ? name.replaceAll('\\', '/') : '';
}

/** The folder in which most of the first images lie. */
async function imagesOf(annotations: string, folder: string): Promise<string> {
  const stem = basename(annotations, extname(annotations));
  const split = /^(?:instances|panoptic)_(.+)$/.exec(stem)?.[1];
  const subfolders = await foldersOf(folder);
  const places = [
    ...(split === undefined ? [] : [join(folder, split), join(folder, 'images', split)]),
    ...['images', stem, 'photos', 'pictures'].map((name) => join(folder, name)),
    folder,
    dirname(annotations),
    ...subfolders,
  ];
  const names = (await readNames(annotations)).names.slice(0, FIRST_IMAGES);
  if (names.length === 0) throw failedPrecondition(`${annotations} lists no images`);
  let best = { place: '', found: 0 };
  for (const place of places) {
    const found = (await Promise.all(names.map((name) => isFile(join(place, name))))).filter(Boolean).length;
    if (found > best.found) best = { place, found };
  }
  if (best.found > 0) return best.place;
  throw notFound(
    `the images of ${annotations} are not below ${folder} (the first is ${JSON.stringify(names[0] ?? '')}): ${remedy(names[0] ?? '')}`,
  );
}

/** What to do about images that are not where their names say. */
function remedy(name: string): string {
  if (name.startsWith('/'))
    return 'names are those below the folder of the images: take what is before them from the "file_name" of each image';
  return 'name their folder by --images';
}

/** A folder called unlabeled, else the one with the most images among the others, else what the annotations leave out. */
async function findPool(folder: string, labeled: LabeledPart, taken: readonly string[]): Promise<string> {
  const subfolders = await foldersOf(folder);
  const named = subfolders.find((path) => /unlabel/i.test(basename(path)));
  if (named !== undefined) return named;
  let best = { path: '', images: 0 };
  for (const path of subfolders.filter((one) => !taken.includes(one))) {
    const images = await countImages(path);
    if (images > best.images) best = { path, images };
  }
  if (best.images > 0) return best.path;
  if ((await countImages(labeled.images)) > (await countListed(labeled.annotations))) return labeled.images;
  throw failedPrecondition(
    `${folder} holds no images without labels, which this method learns from: put them into ${join(folder, 'unlabeled')}, or name their folder by --unlabeled`,
  );
}

async function countListed(annotations: string): Promise<number> {
  return (await listedImages(annotations))?.length ?? 0;
}

export async function countImages(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory() && IMAGE.test(entry.name)).length;
}

async function foldersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== 'annotations' && !entry.name.startsWith('.'))
    .map((entry) => join(folder, entry.name))
    .sort();
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
