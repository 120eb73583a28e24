// `node scripts/pack/pack.ts [--out DIR] [--command-only] [--native]`: packages that npm can install or publish, in DIR (out/packages).
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { stageNative } from './stage-native.ts';
import { stageCommand, stageLibs } from './stage-packages.ts';
import { ROOT, workspaces } from './workspaces.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(ROOT, 'out/packages') },
    'command-only': { type: 'boolean', default: false },
    /** The prebuilt engine too, compiled here unless it was before; for the libtorchs that TORCH_DIRS lists, '' being Debian's. */
    native: { type: 'boolean', default: false },
  },
});
const out = resolve(values.out);
const stage = join(out, 'stage');
mkdirSync(stage, { recursive: true });
execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '--build'], {
  cwd: ROOT,
  stdio: 'inherit',
});

const folders = [stageCommand(stage), ...(values['command-only'] ? [] : stageLibs(stage))];
if (values.native) {
  const version = workspaces()[0]?.manifest.version ?? '0.0.0';
  folders.push(stageNative(stage, version, (process.env['TORCH_DIRS'] ?? '').split(':')));
}
for (const folder of folders) {
  const answer = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', out], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = JSON.parse(answer) as {
    filename: string;
    size: number;
    unpackedSize: number;
    entryCount: number;
  }[];
  if (packed === undefined) continue;
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;
  console.log(`${join(out, packed.filename)}  ${megabytes(packed.size)}, ${packed.entryCount} files`);
}
