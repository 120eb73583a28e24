import { Option, type Command } from 'commander';
import { numberFlag, wholeFlag } from '../flags/number-flag.ts';
import { DEFAULT_HOME } from '../local/find-services.ts';

interface CommonFlags {
  readonly home: string;
  readonly json: boolean;
}

interface PruneFlags extends CommonFlags {
  readonly olderThanDays?: number;
  readonly stage?: string;
  readonly keepNewest: number;
  readonly yes: boolean;
}

/** `cassl checkpoints`: what the registry holds, what it was made of, and whether it is whole. */
export function register(program: Command): void {
  const checkpoints = program
    .command('checkpoints')
    .description('List, trace, verify, delete and prune checkpoints.');
  common(checkpoints.command('list').description('Newest first')).action(list);
  common(checkpoints.command('show').description('One, with its evaluations').argument('<reference>')).action(
    show,
  );
  common(checkpoints.command('lineage').description('What it was made of').argument('<reference>')).action(
    lineage,
  );
  common(
    checkpoints
      .command('verify')
      .description('Hash stored files; ends with 1 when one is damaged')
      .argument('[references...]', 'default: all'),
  ).action(verify);
  common(
    checkpoints.command('delete').description('Delete one that nothing needs').argument('<digest>'),
  ).action(remove);
  common(
    checkpoints
      .command('prune')
      .description('Delete by rule what no alias and no lineage needs; shows it only, unless --yes')
      .option('--older-than-days <days>', 'published longer ago', numberFlag({ least: 0 }))
      .addOption(new Option('--stage <stage>', 'of these').choices(['labeler', 'warmup', 'finetune']))
      .option('--keep-newest <n>', 'the newest so many of those stay', wholeFlag(), 0)
      .option('--yes', 'delete', false),
  ).action(prune);
}

function common(command: Command): Command {
  return command
    .option('--home <dir>', 'folder of the services', DEFAULT_HOME)
    .option('--json', 'print JSON', false);
}

async function list(flags: CommonFlags): Promise<void> {
  const { withRegistry } = await import('../registry/with-registry.ts');
  const { Checkpoint } = await import('@cassl/proto');
  await withRegistry(flags.home, async (registry) => {
    for (let pageToken = ''; ;) {
      const page = await registry.listCheckpoints({ pageSize: 1_000, pageToken });
      for (const one of page.checkpoints) {
        const stage = one.manifest?.stage.replace('STAGE_', '').toLowerCase() ?? '';
        const text = `${one.digest}  ${one.createdAt?.toISOString() ?? ''}  ${stage}  ${one.sizeBytes} bytes  ${one.aliases.join(' ')}`;
        const damage = one.damage === '' ? '' : `  DAMAGED: ${one.damage}`;
        console.log(flags.json ? JSON.stringify(Checkpoint.toJSON(one)) : text.trimEnd() + damage);
      }
      if (page.nextPageToken === '') return;
      pageToken = page.nextPageToken;
    }
  });
}

async function show(reference: string, flags: CommonFlags): Promise<void> {
  const { withRegistry } = await import('../registry/with-registry.ts');
  const { GetCheckpointResponse } = await import('@cassl/proto');
  await withRegistry(flags.home, async (registry) => {
    const answer = GetCheckpointResponse.toJSON(await registry.getCheckpoint({ reference }));
    console.log(JSON.stringify(answer, null, flags.json ? 0 : 2));
  });
}

async function lineage(reference: string, flags: CommonFlags): Promise<void> {
  const { withRegistry } = await import('../registry/with-registry.ts');
  const { GetLineageResponse } = await import('@cassl/proto');
  await withRegistry(flags.home, async (registry) => {
    const answer = await registry.getLineage({ reference });
    if (flags.json) return console.log(JSON.stringify(GetLineageResponse.toJSON(answer)));
    for (const { from, to, relation } of answer.edges)
      console.log(`${short(from)}  ${relation}  ${short(to)}`);
    for (const { id, license } of answer.licenses)
      console.log(`${short(id)}  licence  ${license === '' ? 'not known' : license}`);
    if (answer.truncated) console.log('older things are left out: ask for the lineage of one of the last');
  });
}

function short(id: string): string {
  return id.replace(/([0-9a-f]{12})[0-9a-f]{52}/, '$1');
}

async function verify(references: string[], flags: CommonFlags): Promise<void> {
  const { withRegistry } = await import('../registry/with-registry.ts');
  await withRegistry(flags.home, async (registry) => {
    for await (const one of registry.verifyCheckpoints({ references }, { deadlineMs: Infinity })) {
      const { digest, damage, done, total } = one;
      if (damage !== '') process.exitCode = 1;
      console.log(
        flags.json
          ? JSON.stringify({ digest, damage, done, total })
          : `${done}/${total}  ${digest}  ${damage === '' ? 'whole' : `DAMAGED: ${damage}`}`,
      );
    }
  });
}

async function remove(digest: string, flags: CommonFlags): Promise<void> {
  const { withRegistry } = await import('../registry/with-registry.ts');
  await withRegistry(flags.home, async (registry) => {
    await registry.deleteCheckpoint({ digest });
    console.log(flags.json ? JSON.stringify({ deleted: digest }) : `deleted ${digest}`);
  });
}

async function prune(flags: PruneFlags): Promise<void> {
  const { withRegistry } = await import('../registry/with-registry.ts');
  const { PruneCheckpointsResponse, stageFromJSON } = await import('@cassl/proto');
  const days = flags.olderThanDays;
  await withRegistry(flags.home, async (registry) => {
    const answer = await registry.pruneCheckpoints({
      olderThan: days === undefined ? undefined : { seconds: Math.round(days * 86_400), nanos: 0 },
      ...(flags.stage === undefined ? {} : { stage: stageFromJSON(`STAGE_${flags.stage.toUpperCase()}`) }),
      keepNewest: flags.keepNewest,
      dryRun: !flags.yes,
    });
    if (flags.json) return console.log(JSON.stringify(PruneCheckpointsResponse.toJSON(answer)));
    for (const { digest, keptBecause } of answer.checkpoints)
      console.log(
        `${digest}  ${keptBecause === '' ? (flags.yes ? 'deleted' : 'would go') : `stays: ${keptBecause}`}`,
      );
    if (answer.omittedCheckpoints > 0)
      console.log(`and ${answer.omittedCheckpoints} newer ones that matched`);
    console.log(`${answer.freedBytes} bytes ${flags.yes ? 'freed' : 'would be freed'}`);
  });
}
