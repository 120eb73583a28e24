import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { writeSafetensors } from '@cassl/checkpoints';
import { freePort, startLocalServices, type LocalServices } from '@cassl/cli';
import { generateScenes } from '@cassl/datasets';
import { createDetector, detectorPreset } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { Manifest, RegistryServiceDefinition } from '@cassl/proto';
import { createClient, publishCheckpointFile } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const python = resolve(process.env.CASSL_PYTHON ?? '.tools/python/bin/python');
const EXAMPLES = join(import.meta.dirname, '../examples/finetune');

interface Answer {
  readonly AP?: Readonly<Record<string, number>>;
  readonly lastLoss?: number;
  readonly matched?: number;
  readonly fresh?: number;
  /** Of a job that failed. */
  readonly error?: string;
}

/** Runs jobs in one Python, because importing torch takes longer than they do. */
async function runJobs(jobs: readonly (readonly [string, readonly string[]])[]): Promise<Answer[]> {
  const program = [
    'import importlib, json, sys',
    `sys.path.insert(0, ${JSON.stringify(EXAMPLES)})`,
    'answers = []',
    `for name, arguments in json.load(sys.stdin):`,
    '    try: answers.append(importlib.import_module(name).main(arguments))',
    '    except Exception as error: answers.append({"error": f"{type(error).__name__}: {error}"})',
    'print("ANSWERS" + json.dumps(answers))',
  ].join('\n');
  const child = spawn(python, ['-c', program], { env: { ...process.env, OMP_NUM_THREADS: '1' } });
  child.stdin.end(JSON.stringify(jobs));
  const [out, errors] = await Promise.all([text(child.stdout), buffer(child.stderr)]);
  const [, answers] = out.split('ANSWERS');
  if (answers === undefined) throw new Error(errors.toString());
  return JSON.parse(answers) as Answer[];
}

describe.skipIf(!existsSync(python))(
  'torchvision jobs of examples/finetune start from a warmup in the registry (needs CASSL_PYTHON)',
  () => {
    let folder: string;
    let services: LocalServices;
    let common: readonly string[];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cassl-finetune-'));
      await generateScenes({
        out: join(folder, 'scenes'),
        labeled: 4,
        unlabeled: 0,
        val: 2,
        size: 64,
        seed: 3,
      });
      const port = await freePort();
      services = await startLocalServices({
        home: join(folder, 'home'),
        names: ['registry'],
        env: { CASSL_HTTP_PORT: String(port) },
      });
      await publish(services.endpoints.registry);
      common = [
        ...['--data', join(folder, 'scenes'), '--iterations', '2', '--batch-size', '2', '--size', '64'],
        ...['--registry', `http://127.0.0.1:${port}`, '--reference', 'team/warmup'],
      ];
    });
    afterAll(async () => {
      await services.stop();
      await rm(folder, { recursive: true, force: true });
    });

    /** What a warmup leaves behind: one class, ResNet-18, P3 to P6. */
    async function publish(address: string): Promise<void> {
      await openEngine();
      const detector = createDetector(detectorPreset('resnet18', { classes: 1 }), { seed: 5 });
      const file = join(folder, 'warmup.safetensors');
      await writeSafetensors(file, await detector.stateDict(), { format: 'pt' });
      const client = createClient(RegistryServiceDefinition, address);
      try {
        const manifest = Manifest.fromPartial({ stage: 'STAGE_WARMUP', model: { ...detector.config } });
        const { checkpoint } = await publishCheckpointFile({ client, file, manifest });
        await client.setAlias({ alias: 'team/warmup', reference: checkpoint?.digest ?? '', reason: 'test' });
      } finally {
        client.close();
        detector.dispose();
      }
    }

    it('loads them through the name map, trains, and says what was matched; a wrong map or shape names its key', async () => {
      const [fcos, retinanet, mask, keypoint, wrongMap, wrongLevel, wrongShape, unknown] = await runJobs([
        ['fcos', common],
        ['retinanet', common],
        ['mask_rcnn', common],
        ['keypoint_rcnn', common],
        ['retinanet', [...common, '--framework', 'mmdet']],
        ['mask_rcnn', [...common, '--first-level', '1']],
        ['fcos', [...common, '--channels', '64']],
        ['fcos', [...common, '--reference', 'team/nothing']],
      ]);
      // 20 convolutions, each with a norm of five tensors.
      const body = 20 * 6;
      const laterals = 3 * 2 * 2;
      expect(retinanet).toMatchObject({ matched: body + laterals + 2, AP: { bbox: expect.any(Number) } });
      expect(fcos?.matched).toBeGreaterThan(retinanet?.matched ?? Infinity);
      expect(mask).toMatchObject({ matched: body + laterals, AP: { segm: expect.any(Number) } });
      expect(keypoint).toMatchObject({ matched: body + laterals, AP: { keypoints: expect.any(Number) } });
      for (const job of [fcos, retinanet, mask, keypoint]) expect(job?.lastLoss).toBeGreaterThan(0);

      expect(wrongMap?.error).toMatch(
        /^WarmupError: \S+: the model has no \S+; is the map right \(framework/,
      );
      expect(wrongLevel?.error).toMatch(
        'WarmupError: backbone.fpn.inner_blocks.0.0.weight: shape [96, 128, 1, 1] in the checkpoint, backbone.fpn.inner_blocks.2.0.weight has [96, 256, 1, 1] in the model',
      );
      expect(wrongShape?.error).toMatch(
        /^WarmupError: backbone\.fpn\.\S+: shape \[96[^\]]*\] in the checkpoint, \S+ has \[64/,
      );
      expect(unknown?.error).toContain('404');
    });
  },
);
