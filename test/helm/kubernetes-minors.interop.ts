import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { HELMS, jobTemplates, renderChart, type Manifest } from './render-chart.ts';
import { VALUE_SETS } from './value-sets.ts';

const python = process.env.CASSL_PYTHON ?? 'python3';
const hasPeer = spawnSync(python, ['-c', 'import kubernetes_validate']).status === 0;

/** Objects of the API's own kinds against the published schema of a minor; unknown fields are faults. */
const CHECK = `
import json, sys, kubernetes_validate as k
for case in json.load(sys.stdin):
    try: k.validate(case['manifest'], case['minor'], strict=True)
    except (k.ValidationError, k.SchemaNotFoundError) as fault:
        print(case['minor'], case['set'], case['manifest']['kind'], case['manifest']['metadata']['name'], str(fault)[:300])
`;
/** `resource.k8s.io/v1` came with 1.34. */
const WITHOUT_DRA = ['1.30'];
const MINORS = [...WITHOUT_DRA, '1.34', '1.35', '1.37'];

interface Case {
  readonly minor: string;
  readonly set: string;
  readonly manifest: Manifest;
}
const faultsOf = (cases: readonly Case[]): string => {
  const input = JSON.stringify(cases);
  const { stdout, stderr, status } = spawnSync(python, ['-c', CHECK], { input, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return stdout;
};

describe.skipIf(!hasPeer || HELMS.length < 2)(
  'the chart (skipped without kubernetes-validate in CASSL_PYTHON, or without helm)',
  () => {
    it('fits the schema of every minor of Kubernetes that it supports, oldest and newest included', async () => {
      const cases: Case[] = [];
      for (const [set, options] of Object.entries(VALUE_SETS)) {
        if (options.apis !== undefined) continue;
        const rendered = await renderChart(options);
        const isDra = options.set?.includes('gpu.kind=dra') === true;
        for (const minor of MINORS.filter((one) => !isDra || !WITHOUT_DRA.includes(one))) {
          for (const manifest of [...rendered, ...jobTemplates(rendered)])
            cases.push({ minor, set, manifest });
        }
      }
      expect(faultsOf(cases)).toBe('');
    });

    it('would be found to have a field that a minor does not know', () => {
      const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { contaners: [] } };
      expect(faultsOf([{ minor: '1.35', set: 'wrong', manifest }])).toMatch(/^1.35 wrong Pod p /);
    });
  },
);
