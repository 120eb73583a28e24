import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

// node write-sbom.ts NPM_SBOM OUT: what npm installed (CycloneDX of `npm sbom`) and what Debian brought, as one document.
interface Component {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
}

const [source = '', target = ''] = process.argv.slice(2);
const document = JSON.parse(readFileSync(source, 'utf8')) as { components: Component[] };
const installed = execFileSync(
  'dpkg-query',
  ['--show', '--showformat', '${Package} ${Version} ${Architecture}\\n'],
  { encoding: 'utf8' },
);
const debian = installed
  .trim()
  .split('\n')
  .map((line): Component => {
    const [name = '', version = '', architecture = ''] = line.split(' ');
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
    return { type: 'library', name, version, purl };
  });
const node: Component = {
  type: 'application',
  name: 'node',
  version: process.versions.node,
  purl: `pkg:generic/node@${process.versions.node}`,
};
document.components.push(node, ...debian);
writeFileSync(target, JSON.stringify(document));
