import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeSafetensors } from '@cassl/checkpoints';
import { createDetector, detectorPreset } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { LabelerServiceDefinition, RegistryServiceDefinition, Stage } from '@cassl/proto';
import { createClient, publishCheckpointFile } from '@cassl/rpc';

// `helm test`: publishes a tiny detector with weights as they were drawn, labels one picture with it, and removes it again.
const { CASSL_REGISTRY_ADDRESS = '127.0.0.1:7100', CASSL_LABELER_ADDRESS = '127.0.0.1:7102' } = process.env;
const TINY = {
  backboneWidths: [16, 16, 32, 32],
  pyramidChannels: 16,
  maskChannels: 8,
  towerConvolutions: 1,
  resizeShortSide: 64,
  resizeLongSide: 64,
  // Nothing was learned: then every score is near the prior.
  priorProbability: 0.5,
  classes: 1,
};

const folder = await mkdtemp(join(tmpdir(), 'cassl-smoke-'));
const registry = createClient(RegistryServiceDefinition, CASSL_REGISTRY_ADDRESS);
const labeler = createClient(LabelerServiceDefinition, CASSL_LABELER_ADDRESS);
let digest = '';
try {
  await openEngine({ engine: 'wasm', threads: 1, logger: { info: () => undefined, warn: () => undefined } });
  const detector = createDetector(detectorPreset('tiny', TINY), { seed: 1 });
  const file = join(folder, 'model.safetensors');
  await writeSafetensors(file, await detector.stateDict(), { format: 'pt' });
  const manifest = {
    stage: Stage.STAGE_LABELER,
    model: { ...detector.config },
    categories: [{ id: 1, name: 'object' }],
    tags: { purpose: 'smoke test' },
  };
  const { checkpoint } = await publishCheckpointFile({ client: registry, file, manifest });
  digest = checkpoint?.digest ?? '';
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const picture = sharp({ create: { width: 96, height: 64, channels: 3, background: 'white', noise } });
  const started = performance.now();
  const { detections } = await labeler.label(
    {
      checkpoint: digest,
      image: { key: 'smoke', source: { $case: 'encoded', value: await picture.jpeg().toBuffer() } },
      options: { threshold: 0.05 },
    },
    { deadlineMs: 120_000 },
  );
  const found = detections?.detections.length ?? 0;
  const ms = Math.round(performance.now() - started);
  console.log(
    `smoke test: one Label call found ${found} objects in ${ms} ms with checkpoint ${digest.slice(0, 12)}`,
  );
  if (found === 0) throw new Error('the labeler found nothing where every score is above the threshold');
} finally {
  if (digest !== '') await registry.deleteCheckpoint({ digest }).catch(() => undefined);
  registry.close();
  labeler.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
