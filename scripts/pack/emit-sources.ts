import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './workspaces.ts';

/** Tests, and what only they use. */
const LEFT_OUT = /\.(test|interop|fixture)\.\w+$|\.gitkeep$/;
/** A file of ours as a word of its own: in imports, worker entries and URLs. Web pages are bundled from their sources. */
const SOURCE_NAME = /(['"`])((?:[\w@.${}-]*\/)*[\w.-]*)\.ts\1/g;

/** Writes the JavaScript and the declarations of `folder`/src, and copies what is no TypeScript. */
export function emitSources(folder: string, target: string): void {
  const source = join(ROOT, folder, 'src');
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || LEFT_OUT.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name).slice(source.length + 1);
    const out = join(target, 'src', path);
    mkdirSync(dirname(out), { recursive: true });
    if (!path.endsWith('.ts')) cpSync(join(source, path), out);
    else emitOne(folder, path, readFileSync(join(source, path), 'utf8'), out.replace(/\.ts$/, ''));
  }
  for (const beside of ['web', 'bin', 'native', 'README.md']) {
    if (existsSync(join(ROOT, folder, beside))) copyBeside(folder, beside, target);
  }
}

function emitOne(folder: string, path: string, text: string, out: string): void {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2024,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  writeFileSync(`${out}.js`, toJavaScriptNames(outputText));
  const declared = join(ROOT, folder, 'dist/src', path.replace(/\.ts$/, '.d.ts'));
  if (existsSync(declared)) writeFileSync(`${out}.d.ts`, toJavaScriptNames(readFileSync(declared, 'utf8')));
}

function copyBeside(folder: string, name: string, target: string): void {
  cpSync(join(ROOT, folder, name), join(target, name), {
    recursive: true,
    filter: (path) => !LEFT_OUT.test(path),
  });
  if (name === 'web') return leadWebToJavaScript(join(target, name));
  if (name !== 'bin') return;
  for (const file of readdirSync(join(target, 'bin'))) {
    const path = join(target, 'bin', file);
    writeFileSync(path, toJavaScriptNames(readFileSync(path, 'utf8')), { mode: 0o755 });
  }
}

/** What a page shares with its service lies there as JavaScript. */
const SERVICE_SOURCE = /(['"])((?:\.\.\/)+src\/[\w./-]+)\.ts\1/g;

function leadWebToJavaScript(web: string): void {
  for (const entry of readdirSync(web, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    writeFileSync(path, readFileSync(path, 'utf8').replace(SERVICE_SOURCE, '$1$2.js$1'));
  }
}

function toJavaScriptNames(text: string): string {
  return text.replace(SOURCE_NAME, '$1$2.js$1');
}
