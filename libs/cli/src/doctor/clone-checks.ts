import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { MachineCheck } from './machine-checks.ts';

interface Need {
  readonly name: string;
  /** Any of these will do: a name is looked for in PATH, a path may hold `*`. */
  readonly anyOf: readonly string[];
  readonly without: string;
  readonly fix: string;
}

const ROOT = join(import.meta.dirname, '../../../..');

/** What only the tests and make targets of a clone use; the installed command goes without all of it. */
const NEEDS: readonly Need[] = [
  {
    name: 'chromium',
    anyOf: [
      ...[process.env['CASSL_CHROMIUM'] ?? '', 'chromium', 'chromium-browser', 'google-chrome'],
      '/usr/bin/chromium',
    ],
    without: 'tests of pages skip, and make pictures takes none',
    fix: 'apt-get install chromium',
  },
  {
    name: 'postgresql',
    anyOf: ['/usr/lib/postgresql/*/bin/postgres', 'postgres'],
    without: "the registry's tests on PostgreSQL skip",
    fix: 'apt-get install postgresql',
  },
  {
    name: 'helm',
    anyOf: [join(ROOT, '.tools/bin/helm'), 'helm'],
    without: 'tests of the chart skip',
    fix: 'bash scripts/bring-helm.sh',
  },
  {
    name: 'python peers',
    anyOf: [process.env['CASSL_PYTHON'] ?? '', join(ROOT, '.tools/python/bin/python')],
    without: 'make test-interop and some benchmarks bring them first, which takes minutes',
    fix: 'bash scripts/python-peers.sh',
  },
  {
    name: 'image tool',
    anyOf: ['docker', 'podman', 'buildah'],
    without: 'make image cannot build',
    fix: 'apt-get install buildah crun',
  },
];

/** Nothing where `cassl` is an installed package. */
export function checkClone(root = ROOT): MachineCheck[] {
  if (!existsSync(join(root, 'scripts/setup.sh'))) return [];
  return [pip(), ...NEEDS.map(checkNeed)];
}

function checkNeed({ name, anyOf, without, fix }: Need): MachineCheck {
  const found = anyOf.filter((one) => one !== '').flatMap(places)[0];
  return found === undefined
    ? { name, ok: false, detail: `missing: ${without}`, fix }
    : { name, ok: true, detail: found, fix: '' };
}

function places(wanted: string): string[] {
  if (wanted.includes('/')) return globSync(wanted);
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, wanted))
    .filter((path) => existsSync(path));
}

function pip(): MachineCheck {
  const name = 'pip, venv';
  const { status } = spawnSync('python3', ['-c', 'import ensurepip, pip, venv'], { timeout: 20_000 });
  return status === 0
    ? { name, ok: true, detail: 'of python3', fix: '' }
    : {
        name,
        ok: false,
        detail: 'missing: a current nats-server and the Python peers come from PyPI',
        fix: 'apt-get install python3-pip python3-venv',
      };
}
