import { createHash } from 'node:crypto';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { CHART_STYLE, PALETTE } from '@cassl/charts';
import { build, type OutputFile } from 'esbuild';

const WEB = join(import.meta.dirname, '../../web');
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A file that browsers may keep for ever: its path changes with its content. */
export interface Asset {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly brotli: Uint8Array<ArrayBuffer>;
}

export interface WebBundle {
  /** The one page; the router in it does the rest. */
  readonly page: string;
  /** By path. */
  readonly assets: ReadonlyMap<string, Asset>;
}

/** Bundles the web app in memory, in a fraction of a second: nothing built has to be kept, shipped or be up to date. */
export async function bundleWeb(): Promise<WebBundle> {
  const { outputFiles } = await build({
    entryPoints: { app: join(WEB, 'main.tsx'), style: join(WEB, 'style.css'), icon: join(WEB, 'icon.svg') },
    loader: { '.svg': 'copy' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'inline',
    outdir: '/',
    logLevel: 'silent',
  });
  const assets = new Map(await Promise.all(outputFiles.map(toAsset)));
  return { page: page([...assets.keys()]), assets };
}

async function toAsset({ path, contents }: OutputFile): Promise<[string, Asset]> {
  const kind = extname(path);
  const shared = kind === '.css' ? Buffer.from(PALETTE + CHART_STYLE) : Buffer.alloc(0);
  const body = new Uint8Array(Buffer.concat([shared, contents]));
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  const brotli = new Uint8Array(
    await promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  );
  const type = TYPES[kind] ?? 'application/octet-stream';
  return [`/assets/${path.slice(1, -kind.length)}-${hash}${kind}`, { type, body, brotli }];
}

function page(paths: readonly string[]): string {
  const path = (end: string): string => paths.find((known) => known.endsWith(end)) ?? '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>cassl</title>
<link rel="icon" href="${path('.svg')}">
<link rel="stylesheet" href="${path('.css')}">
<script type="module" src="${path('.js')}"></script>
</head>
<body><div id="app"></div><noscript>The console needs JavaScript.</noscript></body>
</html>
`;
}
