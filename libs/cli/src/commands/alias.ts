import { Option, type Command } from 'commander';
import { numberFlag } from '../flags/number-flag.ts';
import type { AliasChange } from '@cassl/proto';
import { DEFAULT_HOME } from '../local/find-services.ts';
import type { RegistryClient } from '../registry/with-registry.ts';

interface CommonFlags {
  readonly home: string;
  readonly json: boolean;
}

interface MoveFlags extends CommonFlags {
  readonly reason: string;
  readonly expected: string;
}

interface SetFlags extends MoveFlags {
  readonly onlyIfNew: boolean;
  readonly dryRun: boolean;
}

interface RuleFlags extends CommonFlags {
  readonly reason: string;
  readonly metric?: string;
  readonly dataset?: string;
  readonly min?: number;
  readonly margin?: number;
  readonly lowerIsBetter: boolean;
  readonly stage?: string;
  readonly license: readonly string[];
}

/** `cassl alias`: where names point, where they pointed, and what lets them move. */
export function register(program: Command): void {
  const alias = program
    .command('alias')
    .description('List, move, roll back, delete and guard the registry’s aliases.');
  common(
    alias.command('list').description('All aliases').argument('[prefix]', 'only those that begin so', ''),
  ).action(list);
  common(
    alias
      .command('show')
      .description('Where an alias points, or pointed at a time, and its history')
      .argument('<alias>')
      .option('--at <time>', 'ISO 8601, for example 2026-11-25T12:00:00Z'),
  ).action(show);
  moving(
    alias
      .command('set')
      .description('Point an alias to a checkpoint')
      .argument('<alias>')
      .argument('<reference>', 'digest, at least 8 leading hex digits of one, or alias')
      .option('--only-if-new', 'fail when the alias exists', false)
      .option('--dry-run', 'check everything, its rule too, and move nothing', false),
  ).action(set);
  moving(
    alias.command('rollback').description('Point it back to where it was before').argument('<alias>'),
  ).action((name: string, flags: MoveFlags) =>
    move(flags, (registry, mover) => registry.rollbackAlias({ alias: name, ...mover })),
  );
  moving(
    alias.command('delete').description('Make it point nowhere; its history stays').argument('<alias>'),
  ).action((name: string, flags: MoveFlags) =>
    move(flags, (registry, mover) => registry.deleteAlias({ alias: name, ...mover })),
  );
  common(
    alias
      .command('rule')
      .description(
        'Set what a checkpoint must show before the alias moves to it; without any option, remove it',
      )
      .argument('<alias>')
      .option('--metric <name>', 'metric of an evaluation, for example bbox/AP')
      .option('--dataset <digest>', 'data set it was measured on')
      .option('--min <value>', 'at least this', numberFlag())
      .option('--margin <value>', 'at least what the alias points to now has, plus this', numberFlag())
      .option('--lower-is-better', 'less is better', false)
      .addOption(
        new Option('--stage <stage>', 'of the checkpoint').choices(['labeler', 'warmup', 'finetune']),
      )
      .option('--license <spdx>', 'licence that its lineage may carry; repeatable', collect, [])
      .option('--reason <text>', 'why', ''),
  ).action(rule);
}

function common(command: Command): Command {
  return command
    .option('--home <dir>', 'folder of the services', DEFAULT_HOME)
    .option('--json', 'print JSON', false);
}

function moving(command: Command): Command {
  return common(command)
    .option('--reason <text>', 'why, kept in the history', '')
    .option('--expected <digest>', 'only if it points there now', '');
}

async function list(prefix: string, flags: CommonFlags): Promise<void> {
  const { withRegistry } = await import('../registry/with-registry.ts');
  const { Alias } = await import('@cassl/proto');
  await withRegistry(flags.home, async (registry) => {
    for (let pageToken = ''; ;) {
      const page = await registry.listAliases({ prefix, pageSize: 1_000, pageToken });
      for (const one of page.aliases)
        console.log(flags.json ? JSON.stringify(Alias.toJSON(one)) : `${one.alias}  sha256:${one.digest}`);
      if (page.nextPageToken === '') return;
      pageToken = page.nextPageToken;
    }
  });
}

async function show(name: string, flags: CommonFlags & { readonly at?: string }): Promise<void> {
  const { withRegistry } = await import('../registry/with-registry.ts');
  const { GetAliasResponse } = await import('@cassl/proto');
  const at = flags.at === undefined ? undefined : await parseTime(flags.at);
  await withRegistry(flags.home, async (registry) => {
    const answer = await registry.getAlias({ alias: name, at });
    if (flags.json) return console.log(JSON.stringify(GetAliasResponse.toJSON(answer)));
    console.log(`${name}  ${answer.digest === '' ? 'points nowhere' : `sha256:${answer.digest}`}`);
    for (const change of answer.history) console.log(line(change));
    const oldest = answer.history.at(-1)?.changedAt?.toISOString() ?? '';
    if (answer.omittedChanges > 0)
      console.log(`${answer.omittedChanges} older changes are left out: --at ${oldest} reads on`);
  });
}

async function parseTime(text: string): Promise<Date> {
  const { invalidArgument } = await import('@cassl/errors');
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw invalidArgument(`--at must be a time such as 2026-11-25T12:00:00Z, got ${JSON.stringify(text)}`);
}

async function set(name: string, reference: string, flags: SetFlags): Promise<void> {
  const { onlyIfNew, dryRun: validateOnly } = flags;
  await move(flags, (registry, mover) =>
    registry.setAlias({ alias: name, reference, onlyIfNew, validateOnly, ...mover }),
  );
}

async function move(
  flags: MoveFlags,
  action: (
    registry: RegistryClient,
    mover: { reason: string; expectedDigest: string; actor: string },
  ) => Promise<{ change?: AliasChange | undefined }>,
): Promise<void> {
  const { withRegistry, callerName } = await import('../registry/with-registry.ts');
  await withRegistry(flags.home, async (registry) => {
    const { reason, expected: expectedDigest } = flags;
    await print(await action(registry, { reason, expectedDigest, actor: callerName() }), flags.json);
  });
}

async function rule(name: string, flags: RuleFlags): Promise<void> {
  const { AliasRule, stageFromJSON } = await import('@cassl/proto');
  const { withRegistry, callerName } = await import('../registry/with-registry.ts');
  const isEmpty = flags.metric === undefined && flags.stage === undefined && flags.license.length === 0;
  const isAboutMetric = [flags.dataset, flags.min, flags.margin].some((one) => one !== undefined);
  // An empty rule removes the one there is: a forgotten --metric must not.
  if (flags.metric === undefined && (isAboutMetric || flags.lowerIsBetter)) {
    const { invalidArgument } = await import('@cassl/errors');
    throw invalidArgument(
      '--dataset, --min, --margin and --lower-is-better are about a metric: give --metric too, for example --metric bbox/AP',
    );
  }
  const asked = AliasRule.fromPartial({
    metric: flags.metric ?? '',
    datasetDigest: flags.dataset ?? '',
    minValue: flags.min,
    margin: flags.margin,
    lowerIsBetter: flags.lowerIsBetter,
    stage: flags.stage === undefined ? undefined : stageFromJSON(`STAGE_${flags.stage.toUpperCase()}`),
    licenses: [...flags.license],
  });
  await withRegistry(flags.home, async (registry) => {
    const { reason } = flags;
    const request = { alias: name, rule: isEmpty ? undefined : asked, reason, actor: callerName() };
    await print(await registry.setAliasRule(request), flags.json);
  });
}

async function print({ change }: { change?: AliasChange | undefined }, isJson: boolean): Promise<void> {
  const { AliasChange } = await import('@cassl/proto');
  if (change !== undefined) console.log(isJson ? JSON.stringify(AliasChange.toJSON(change)) : line(change));
}

function line({ changedAt, alias, kind, digest, previousDigest, actor, reason }: AliasChange): string {
  const what = kind.replace('ALIAS_CHANGE_KIND_', '').toLowerCase();
  const from = previousDigest === '' ? '–' : previousDigest.slice(0, 12);
  const to = digest === '' ? '–' : digest.slice(0, 12);
  return `${changedAt?.toISOString() ?? ''}  ${alias}  ${what}  ${from} → ${to}  ${actor}  ${reason}`.trimEnd();
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
