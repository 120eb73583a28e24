import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, helm, HELM4, install, kubectl } from './cluster.ts';
import { findPreviousChart, unpackChart } from './previous-chart.ts';
import { openRelease, publishMicroLabeler, type Release } from './release.ts';

const previous = findPreviousChart();
let folder: string;
let release: Release;

const chartOf = (namespace: string): Promise<string> => {
  const path = 'jsonpath={.metadata.labels.helm\\.sh/chart}';
  return kubectl('-n', namespace, 'get', 'deployment', 'cassl-labeler', '-o', path);
};
const checkpoints = async (): Promise<string[]> => {
  const answer = await eventually(
    () => release.clients.registry.listCheckpoints({}),
    () => true,
    120_000,
  );
  return answer.checkpoints.map(({ digest }) => digest);
};

describe.skipIf(previous === undefined)(
  'the chart of the version before (skipped where git history does not hold it)',
  () => {
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cassl-previous-chart-'));
      release = await openRelease('upgrade', [], unpackChart(previous!, folder));
    }, 700_000);
    afterAll(async () => {
      await release.remove();
      await rm(folder, { recursive: true, force: true });
    });

    it('is upgraded to this one and back, and everything that was published stays', async () => {
      const { namespace, clients } = release;
      const before = await chartOf(namespace);
      const digest = await publishMicroLabeler(clients);
      await install(HELM4, namespace);
      expect(await chartOf(namespace)).not.toBe(before);
      expect(await checkpoints()).toContain(digest);
      const { stdout } = await helm(HELM4, 'test', 'cassl', '-n', namespace, '--logs');
      expect(stdout).toMatch(/smoke test: one Label call found \d+ objects/);
      await helm(HELM4, 'rollback', 'cassl', '1', '-n', namespace, '--wait', '--timeout', '9m');
      expect(await chartOf(namespace)).toBe(before);
      expect(await checkpoints()).toContain(digest);
    });
  },
);
