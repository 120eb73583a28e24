// `node scripts/docs/api-reference.ts [--check]`: docs/api/*.md from the comments of proto/, or whether they are up to date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { apiPage } from './api-page.ts';
import { readDescriptors } from './read-descriptors.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'docs/api');
const isCheck = process.argv.includes('--check');

const files = readDescriptors(ROOT).filter(({ name }) => name.startsWith('cassl/'));
const pageName = (proto: string): string => `${basename(proto, '.proto')}.md`;
const pages = new Map<string, string>(
  files.flatMap((file) =>
    [...(file.messageType ?? []), ...(file.enumType ?? [])].map(
      ({ name }) => [`.${file.package ?? ''}.${name}`, pageName(file.name)] as const,
    ),
  ),
);

mkdirSync(FOLDER, { recursive: true });
const stale: string[] = [];
const write = async (name: string, text: string): Promise<void> => {
  const path = join(FOLDER, name);
  const options = (await resolveConfig(path)) ?? {};
  const formatted = await format(text, { ...options, parser: 'markdown' });
  if (existsSync(path) && readFileSync(path, 'utf8') === formatted) return;
  stale.push(`docs/api/${name}`);
  if (!isCheck) writeFileSync(path, formatted);
};
for (const file of files)
  await write(
    pageName(file.name),
    apiPage(file, (type) => pages.get(type)),
  );
const lines = files.map((file) => {
  const services = (file.service ?? []).map(({ name }) => name).join(', ');
  return `- [${basename(file.name)}](${pageName(file.name)})${services === '' ? '' : `: ${services}`}`;
});
await write(
  'README.md',
  `# API\n\nWritten from [proto/cassl/v1](../../proto/cassl/v1) by \`npm run gen\`.\n\n${lines.join('\n')}\n`,
);
if (isCheck && stale.length > 0) {
  console.error(`out of date: ${stale.join(', ')}; run \`npm run gen\` and commit`);
  process.exit(1);
}
