import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface CocoFile {
  readonly annotations: readonly { readonly image_id: number; readonly category_id: number }[];
}

/**
 * What readers of the pages have in their folder: `photos/` of the tutorial (labels.json, shots/, more/), `photo.jpg`, a labeled
 * `val`, `data/photos`, COCO results to score, and the pipelines of the repository.
 */
export function prepareFolder(root: string, folder: string): void {
  const sizes = ['--labeled', '48', '--unlabeled', '48', '--val', '8', '--size', '128'];
  execFileSync(
    process.execPath,
    [join(root, 'libs/cli/bin/cassl.js'), 'data', 'scenes', '--out', 'scenes', ...sizes],
    { cwd: folder },
  );
  const scenes = join(folder, 'scenes');
  const move = (from: string, to: string): void => renameSync(join(scenes, from), join(folder, to));
  for (const made of ['photos', 'data']) mkdirSync(join(folder, made));
  move('train2017', 'photos/shots');
  move('annotations/instances_train2017.json', 'photos/labels.json');
  move('unlabeled2017', 'photos/more');
  renameSync(join(folder, 'photos/more/000000100001.jpg'), join(folder, 'photos/more/a.jpg'));
  move('val2017', 'val');
  move('annotations/instances_val2017.json', 'val.json');
  cpSync(join(folder, 'photos/more'), join(folder, 'data/photos'), { recursive: true });
  cpSync(join(folder, 'photos/more/a.jpg'), join(folder, 'photo.jpg'));
  cpSync(join(folder, 'val.json'), join(folder, 'instances_val2017.json'));
  const { annotations } = JSON.parse(readFileSync(join(folder, 'val.json'), 'utf8')) as CocoFile;
  writeFileSync(
    join(folder, 'detections.json'),
    JSON.stringify(annotations.map((label) => ({ ...label, score: 0.9 }))),
  );
  symlinkSync(join(root, 'pipelines'), join(folder, 'pipelines'));
}
