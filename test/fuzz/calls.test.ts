import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type Cluster } from '../cluster.ts';
import { fuzzCalls } from './fuzz-calls.ts';
import { fuzzRun } from './random.ts';

const HOME: Readonly<Record<string, 'registry' | 'labeler' | 'evaluator' | 'trainer'>> = {
  RegistryService: 'registry',
  DetectorService: 'labeler',
  LabelerService: 'labeler',
  EvaluatorService: 'evaluator',
  PipelineService: 'trainer',
  TrainerService: 'trainer',
};

describe('every RPC of the four services', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 180_000);
  afterAll(async () => {
    await cluster?.stop();
  }, 120_000);

  const { seed, count } = fuzzRun(400);
  it(`answers ${count} hostile requests (seed ${seed}) with a status that says what is wrong, and hangs at none`, async () => {
    const addressOf = (service: string): string => cluster.endpoints[HOME[service] ?? 'registry'];
    const { findings, codes } = await fuzzCalls({ seed, count, addressOf });
    console.log(codes);
    expect(findings).toEqual([]);
  }, 86_400_000);
});
