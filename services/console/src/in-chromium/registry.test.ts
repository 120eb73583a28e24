import { CasslError } from '@cassl/errors';
import { Alias, AliasChange, Checkpoint, GetLineageResponse, RegistryServiceDefinition } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, seriousFindings } from '../browser.fixture.ts';
import { openPages } from '../open-pages.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';

const digest = (letter: string): string => letter.repeat(64);

describe.skipIf(CHROMIUM === undefined)(
  'the registry in Chromium (needs Chromium, or CASSL_CHROMIUM)',
  () => {
    let aliases: Alias[] = [];
    let checkpoints: Checkpoint[] = [];
    /** By alias, what the registry says to a move. */
    let refusals: Record<string, CasslError> = {};
    const moves: unknown[] = [];
    const pages = openPages({
      services: () => [
        scripted(RegistryServiceDefinition, {
          listAliases({ pageSize, pageToken }) {
            const from = Number(pageToken || 0);
            const next = from + pageSize < aliases.length ? String(from + pageSize) : '';
            return Promise.resolve({ aliases: aliases.slice(from, from + pageSize), nextPageToken: next });
          },
          listCheckpoints({ pageToken }) {
            const from = Number(pageToken || 0);
            const next = from + 2 < checkpoints.length ? String(from + 2) : '';
            return Promise.resolve({ checkpoints: checkpoints.slice(from, from + 2), nextPageToken: next });
          },
          getCheckpoint({ reference }) {
            const checkpoint = checkpoints.find(
              (one) => one.digest === reference || one.aliases.includes(reference),
            );
            if (checkpoint === undefined) throw new CasslError('NOT_FOUND', `no checkpoint ${reference}`);
            return Promise.resolve({ checkpoint, evaluations: [] });
          },
          getLineage: () => Promise.resolve(GetLineageResponse.fromPartial({})),
          getAlias({ alias }) {
            const found = aliases.find((one) => one.alias === alias);
            if (found === undefined) throw new CasslError('NOT_FOUND', `alias ${alias} does not exist`);
            const kinds = ['ALIAS_CHANGE_KIND_MOVE', 'ALIAS_CHANGE_KIND_DELETE'] as const;
            const history = kinds.map((kind, index) =>
              AliasChange.fromPartial({
                alias,
                kind,
                revision: String(index),
                actor: 'ada',
                digest: index === 0 ? digest('a') : '',
              }),
            );
            return Promise.resolve({ digest: found.digest, history, rule: found.rule });
          },
          setAlias(request) {
            moves.push(request.validateOnly);
            const refusal = refusals[request.alias];
            if (refusal !== undefined) throw refusal;
            return Promise.resolve({ change: { alias: request.alias } });
          },
        }),
      ],
    });
    const open = async (
      path: string,
      given: { aliases?: Alias[]; checkpoints?: Checkpoint[] } = {},
    ): Promise<void> => {
      [aliases, checkpoints, refusals] = [given.aliases ?? [], given.checkpoints ?? [], {}];
      moves.length = 0;
      await pages.go(path);
    };
    const named = (...names: readonly string[]): Checkpoint[] =>
      names.map((letter) =>
        Checkpoint.fromPartial({ digest: digest(letter), aliases: [`team/${letter}`], sizeBytes: 999_950 }),
      );
    const ruled = (alias: string): Alias =>
      Alias.fromPartial({ alias, digest: digest('a'), rule: { metric: 'bbox/AP', minValue: 0.3 } });

    it('is empty at first', async () => {
      await open('/registry');
      await expect.poll(() => pages.page.getByText('None yet.').count()).toBe(2);
      expect(await seriousFindings(pages.page)).toEqual([]);
    });

    it('has its checkpoints in pages, older and newer', async () => {
      await open('/registry', { checkpoints: named('a', 'b', 'c', 'd', 'e') });
      const shown = (): Promise<string[]> => pages.page.locator('tbody .digest').allTextContents();
      await expect.poll(shown).toEqual(['a'.repeat(12), 'b'.repeat(12)]);
      expect(await pages.page.getByRole('button', { name: 'Newer' }).count()).toBe(0);
      await pages.page.getByRole('button', { name: 'Older' }).click();
      await expect.poll(shown).toEqual(['c'.repeat(12), 'd'.repeat(12)]);
      await pages.page.getByRole('button', { name: 'Older' }).click();
      await expect.poll(shown).toEqual(['e'.repeat(12)]);
      expect(await pages.page.getByRole('button', { name: 'Older' }).count()).toBe(0);
      await pages.page.getByRole('button', { name: 'Newer' }).click();
      await expect.poll(shown).toEqual(['c'.repeat(12), 'd'.repeat(12)]);
    });

    it('has a hundred aliases at first, says so, and more when they are asked for', async () => {
      const many = Array.from({ length: 150 }, (_, index) => ruled(`team/${String(index).padStart(3, '0')}`));
      await open('/registry', { aliases: many });
      await pages.page.getByText('The first 100 aliases by name are shown.').waitFor();
      await pages.page.getByRole('link', { name: 'team/099' }).waitFor();
      expect(await pages.page.getByRole('link', { name: 'team/100' }).count()).toBe(0);
      await pages.page.getByRole('button', { name: 'Show more' }).click();
      await pages.page.getByRole('link', { name: 'team/149' }).waitFor();
      expect(await pages.page.getByText('aliases by name are shown').count()).toBe(0);
    });

    it('tells where an alias has pointed, who moved it, and when it was taken away', async () => {
      await open('/registry', { aliases: [ruled('team/prod@eu')] });
      await pages.page.getByRole('link', { name: 'team/prod@eu' }).click();
      await pages.page.getByRole('heading', { name: 'History of team/prod@eu' }).waitFor();
      await pages.page.getByText('A checkpoint must show: bbox/AP ≥ 0.3').waitFor();
      const rows = pages.page.getByLabel('History of team/prod@eu').locator('tbody tr');
      await rows.nth(1).waitFor();
      expect(await rows.nth(0).locator('td').allTextContents()).toEqual([
        '–',
        'move',
        'a'.repeat(12),
        'nowhere',
        'ada',
        '',
      ]);
      expect((await rows.nth(1).locator('td').allTextContents()).slice(1, 3)).toEqual(['delete', 'nowhere']);
      await pages.page.goBack();
      await pages.page
        .getByRole('heading', { name: 'History of team/prod@eu' })
        .waitFor({ state: 'detached' });
    });

    it('misses an alias and a checkpoint by their names', async () => {
      pages.expected.push(/status of 404/);
      await open('/registry?alias=team%2Fgone');
      await pages.page.getByText('alias team/gone does not exist').waitFor();
      await open('/registry/gone%2F%3Cb%3E');
      await pages.page.getByText('no checkpoint gone/<b>').waitFor();
    });

    it('shows a checkpoint by its alias, and a bare one that nobody knows anything of', async () => {
      await open('/registry/team%2Fa', { checkpoints: named('a') });
      await pages.page.getByRole('heading', { name: 'aaaaaaaaaaaa imported' }).waitFor();
      await pages.page.getByText('1.0 MB, 0 tensors').waitFor();
      await pages.page.getByText('Licences it carries: none').waitFor();
      expect(await pages.page.locator('main').textContent()).not.toMatch(/NaN|undefined|\[object/);
      await pages.page.getByText('hf download team/a --revision main').waitFor();
    });

    it('says that a checkpoint is damaged', async () => {
      const [damaged] = named('a');
      await open('/registry/team%2Fa', { checkpoints: [{ ...damaged!, damage: 'its file is gone' }] });
      await pages.page.getByRole('alert').filter({ hasText: 'DATA_LOSS its file is gone' }).waitFor();
    });

    it('asks every alias that has a rule, and says which are not ours to move', async () => {
      await open('/registry/team%2Fa', {
        checkpoints: named('a'),
        aliases: [
          ruled('team/good'),
          ruled('other/prod'),
          ruled('team/strict'),
          Alias.fromPartial({ alias: 'team/free' }),
        ],
      });
      refusals = {
        'other/prod': new CasslError('PERMISSION_DENIED', 'ada may not move other/prod'),
        'team/strict': new CasslError('FAILED_PRECONDITION', 'bbox/AP is 0.2'),
      };
      await pages.page.getByRole('button', { name: 'Ask the registry' }).click();
      const row = (alias: string) => pages.page.getByRole('row', { name: alias });
      await row('team/good').getByText('yes').waitFor();
      await row('other/prod').getByText('ada may not move other/prod').waitFor();
      await row('team/strict').getByText('bbox/AP is 0.2').waitFor();
      expect(await row('team/free').count()).toBe(0);
      expect(moves).toEqual([true, true, true]);
    });

    it('says that no alias has a rule, and why nobody could be asked', async () => {
      await open('/registry/team%2Fa', { checkpoints: named('a') });
      await pages.page.getByRole('button', { name: 'Ask the registry' }).click();
      await pages.page.getByText('No alias has a rule.').waitFor();
      pages.expected.push(/status of 503/);
      aliases = [ruled('team/good')];
      refusals = { 'team/good': new CasslError('UNAVAILABLE', 'the registry stops') };
      await pages.page.getByRole('button', { name: 'Ask the registry' }).click();
      await pages.page.getByText('the registry stops').waitFor();
    });

    it('copies a command, or says that it cannot where the browser has no clipboard', async () => {
      await pages.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await open('/registry/team%2Fa', { checkpoints: named('a') });
      const copy = pages.page.getByRole('button', { name: 'Copy: torchvision' });
      await copy.click();
      await copy.getByText('Copied').waitFor();
      expect(await pages.page.evaluate('navigator.clipboard.readText()')).toContain(
        "file?for=torchvision&container=pth'",
      );
      // As for a page over plain HTTP from another machine.
      await pages.page.addInitScript(() => {
        Object.defineProperty(globalThis, 'isSecureContext', { value: false });
        Object.defineProperty(Object.getPrototypeOf(navigator), 'clipboard', { value: undefined });
      });
      await pages.page.reload();
      await copy.click();
      await copy.getByText('Select and copy it yourself').waitFor();
    });
  },
);
