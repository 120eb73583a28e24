import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { attribution, sceneLicense, sceneReadme } from './attribution.ts';
import { defaultSceneStyle, type SceneStyle } from './compose-scene.ts';
import { stuffCategories, thingCategories } from './scene-categories.ts';
import { writeSplit, type SplitOptions, type WrittenSplit } from './write-split.ts';

export interface GenerateScenesOptions {
  /** Folder to make; it may exist only if it is empty or holds these scenes, which are made again where their style differs. */
  readonly out: string;
  /** Images with labels. @default 100 */
  readonly labeled?: number | undefined;
  /** Images whose labels are kept apart. @default 800 */
  readonly unlabeled?: number | undefined;
  /** Validation images. @default 200 */
  readonly val?: number | undefined;
  /** Side of the square images in pixels, 32..1024. @default 128 */
  readonly size?: number | undefined;
  /** @default 0 */
  readonly seed?: number | undefined;
  readonly style?: Partial<SceneStyle> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface GeneratedScenes {
  readonly out: string;
  /** sha256 over the sha256 of every image, label and annotation file: equal exactly when the bytes are. */
  readonly digest: string;
  readonly images: { readonly labeled: number; readonly unlabeled: number; readonly val: number };
  readonly instances: { readonly labeled: number; readonly unlabeled: number; readonly val: number };
  /** True where the folder already held these scenes and nothing was written. */
  readonly reused: boolean;
}

// Raise it when the pictures of a given seed change.
const generatorVersion = 1;

/** Makes labeled, unlabeled and validation scenes in COCO's layout; the same options make the same bytes. */
export async function generateScenes(options: GenerateScenesOptions): Promise<GeneratedScenes> {
  const parameters = checkParameters(options);
  const out = resolve(options.out);
  const existing = await readExisting(out, parameters);
  if (existing !== undefined) return { ...existing, out, reused: true };

  const building = join(dirname(out), `.${basename(out)}.${process.pid}.tmp`);
  try {
    const result = await writeScenes(building, parameters, options);
    await rm(out, { recursive: true, force: true });
    await rename(building, out);
    return { ...result, out, reused: false };
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

interface Parameters {
  readonly version: number;
  readonly labeled: number;
  readonly unlabeled: number;
  readonly val: number;
  readonly size: number;
  readonly seed: number;
  readonly style: SceneStyle;
}

type Result = Pick<GeneratedScenes, 'digest' | 'images' | 'instances'>;

function checkParameters(options: GenerateScenesOptions): Parameters {
  const { labeled = 100, unlabeled = 800, val = 200, size = 128, seed = 0, style } = options;
  const bounds: readonly [string, number, number, number][] = [
    ['labeled', labeled, 0, 99_999],
    ['unlabeled', unlabeled, 0, 99_999],
    ['val', val, 0, 99_999],
    ['size', size, 32, 1024],
    ['seed', seed, 0, Number.MAX_SAFE_INTEGER],
  ];
  for (const [name, value, low, high] of bounds) {
    if (!Number.isInteger(value) || value < low || value > high) {
      throw invalidArgument(`scenes: ${name} must be a whole number in ${low}..${high}, got ${value}`);
    }
  }
  return {
    version: generatorVersion,
    labeled,
    unlabeled,
    val,
    size,
    seed,
    style: { ...defaultSceneStyle, ...style },
  };
}

async function readExisting(out: string, parameters: Parameters): Promise<Result | undefined> {
  const names = await readdir(out).catch(() => []);
  if (names.length === 0) return undefined;
  const text = await readFile(join(out, 'scenes.json'), 'utf8').catch(() => '{}');
  const { parameters: found, ...result } = JSON.parse(text) as Result & { parameters?: Parameters };
  if (JSON.stringify(found) === JSON.stringify(parameters)) return result;
  // The same request to an older generator: what it made is ours to replace.
  if (found !== undefined && requestOf(found) === requestOf(parameters)) return undefined;
  throw failedPrecondition(
    `scenes: ${out} is not empty and holds something else; name another folder or remove it first`,
  );
}

function requestOf({ labeled, unlabeled, val, size, seed }: Parameters): string {
  return [labeled, unlabeled, val, size, seed].join();
}

async function writeScenes(
  folder: string,
  parameters: Parameters,
  { signal, onProgress }: GenerateScenesOptions,
): Promise<Result> {
  const { labeled, unlabeled, val } = parameters;
  await mkdir(join(folder, 'annotations'), { recursive: true });
  const total = labeled + unlabeled + val;
  let done = 0;
  const common = { ...parameters, folder, signal, onImage: () => onProgress?.(++done, total) };
  const digests = new Map<string, string>();
  const split = async (name: SplitOptions['name'], count: number, firstId: number): Promise<number> => {
    const written = await writeSplit({ ...common, name, count, firstId });
    for (const [path, digest] of written.digests) digests.set(path, digest);
    for (const [path, document] of annotationFiles(name, written)) {
      const text = JSON.stringify(document);
      digests.set(path, createHash('sha256').update(text).digest('hex'));
      await writeFile(join(folder, path), text);
    }
    return written.instances.length;
  };
  const instances = {
    labeled: await split('train2017', labeled, 1),
    unlabeled: await split('unlabeled2017', unlabeled, 100_001),
    val: await split('val2017', val, 200_001),
  };
  const result: Result = { digest: digestOfDigests(digests), images: { labeled, unlabeled, val }, instances };
  await writeFile(join(folder, 'README.md'), sceneReadme(commandFor(parameters)));
  await writeFile(join(folder, 'scenes.json'), JSON.stringify({ ...result, parameters }, null, 2) + '\n');
  return result;
}

/** COCO gives unlabeled images a list without annotations; their truth goes into files of its own. */
function annotationFiles(name: SplitOptions['name'], split: WrittenSplit): [string, object][] {
  const info = { description: `cassl scenes, ${name}. ${attribution}` };
  const head = { info, licenses: [sceneLicense], images: split.images };
  const things = thingCategories.map(({ id, name, supercategory }) => ({ id, name, supercategory }));
  const panopticCategories = [
    ...things.map((category) => ({ ...category, isthing: 1 })),
    ...stuffCategories.map((category) => ({ ...category, isthing: 0 })),
  ];
  const files: [string, object][] = [
    [`annotations/instances_${name}.json`, { ...head, annotations: split.instances, categories: things }],
    [
      `annotations/panoptic_${name}.json`,
      { ...head, annotations: split.panoptic, categories: panopticCategories },
    ],
  ];
  if (name === 'unlabeled2017')
    files.push([`annotations/image_info_${name}.json`, { ...head, categories: things }]);
  return files;
}

function digestOfDigests(digests: ReadonlyMap<string, string>): string {
  const lines = [...digests].map(([path, digest]) => `${digest}  ${path}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}

function commandFor({ labeled, unlabeled, val, size, seed }: Parameters): string {
  return `cassl data scenes --labeled ${labeled} --unlabeled ${unlabeled} --val ${val} --size ${size} --seed ${seed}`;
}
