import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CasslError } from '@cassl/errors';
import {
  Alias,
  Checkpoint,
  DetectorServiceDefinition,
  ImageDetections,
  LabelerServiceDefinition,
  RegistryServiceDefinition,
} from '@cassl/proto';
import { encodeJpeg, rleToString } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, seriousFindings } from '../browser.fixture.ts';
import { openPages } from '../open-pages.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';

const SIZE = { width: 80, height: 60 };

describe.skipIf(CHROMIUM === undefined)(
  'trying a photo in Chromium (needs Chromium, or CASSL_CHROMIUM)',
  () => {
    let aliases: readonly string[] = [];
    const asked: string[] = [];
    let answer: (checkpoint: string) => Promise<Parameters<typeof ImageDetections.fromPartial>[0]>;
    const detect =
      (service: string) =>
      async ({ checkpoint = '', image }: { checkpoint?: string; image?: unknown }) => {
        const { value } = (image as { source: { value: Uint8Array } }).source;
        asked.push(`${service} ${checkpoint} ${value.length}`);
        return {
          detections: ImageDetections.fromPartial({
            checkpointDigest: checkpoint,
            ...SIZE,
            ...(await answer(checkpoint)),
          }),
        };
      };
    const pages = openPages({
      services: () => [
        scripted(RegistryServiceDefinition, {
          listAliases: () =>
            Promise.resolve({
              aliases: aliases.map((alias) => Alias.fromPartial({ alias })),
              nextPageToken: '',
            }),
          getCheckpoint({ reference }) {
            if (!aliases.includes(reference)) throw new CasslError('NOT_FOUND', `no checkpoint ${reference}`);
            const stage = reference.includes('labeler')
              ? ('STAGE_LABELER' as const)
              : ('STAGE_FINETUNE' as const);
            return Promise.resolve({
              checkpoint: Checkpoint.fromPartial({ digest: reference, manifest: { stage } }),
              evaluations: [],
            });
          },
        }),
        scripted(DetectorServiceDefinition, { detect: detect('detector') }),
        scripted(LabelerServiceDefinition, { label: detect('labeler') }),
      ],
    });
    const box = (score: number, categoryName: string) => ({
      ...{ score, categoryName },
      box: { x1: 10, y1: 10, x2: 40, y2: 40 },
    });
    const open = async (...known: readonly string[]): Promise<void> => {
      aliases = known;
      asked.length = 0;
      answer = () => Promise.resolve({ detections: [box(0.9, 'cat'), box(0.4, 'dog'), box(0.06, 'cow')] });
      await pages.go('/try');
      await pages.page.getByText('Drop a photo here').waitFor();
    };
    const photo = async (
      name = 'my photo.jpg',
      padding = 0,
    ): Promise<{ name: string; mimeType: string; buffer: Buffer }> => {
      const data = new Uint8Array(3 * SIZE.width * SIZE.height).fill(120);
      const jpeg = await encodeJpeg({ ...SIZE, data });
      // What follows the picture in a file is not looked at.
      return { name, mimeType: 'image/jpeg', buffer: Buffer.concat([jpeg, Buffer.alloc(padding)]) };
    };
    const choose = async (padding = 0): Promise<void> => {
      // Choosing the same file again changes nothing for a browser.
      const { name, buffer } = await photo(padding === 0 ? 'my photo.jpg' : `${padding}.jpg`, padding);
      await writeFile(join(pages.console.home, name), buffer);
      await pages.page.locator('input[type=file]').setInputFiles(join(pages.console.home, name));
    };

    it('asks the two that people compare first, each by what it can', async () => {
      await open('demo/labeler', 'demo/zeta', 'demo/detector');
      await choose();
      await expect.poll(() => pages.page.getByText(/2 found/).count(), { timeout: 20_000 }).toBe(2);
      const bytes = (await photo()).buffer.length;
      expect(asked.toSorted()).toEqual([`detector demo/detector ${bytes}`, `labeler demo/labeler ${bytes}`]);
      await pages.page.getByText('my photo.jpg', { exact: true }).waitFor();
      expect(await pages.page.getByAltText('my photo.jpg: demo/detector').count()).toBe(1);
      expect(await seriousFindings(pages.page)).toEqual([]);
    });

    it('shows more and less as the slider moves, without asking again', async () => {
      await open('demo/detector');
      await choose();
      await pages.page.getByText(/2 found/).waitFor();
      await pages.page.getByRole('slider').focus();
      await pages.page.keyboard.press('Home');
      await pages.page.getByText(/3 found/).waitFor();
      await pages.page.keyboard.press('End');
      await pages.page.getByText(/0 found/).waitFor();
      expect(asked).toHaveLength(1);
    });

    it('takes a photo that is dropped, or pasted', async () => {
      await open('demo/detector');
      const { buffer } = await photo();
      const give = (event: string, name: string): Promise<unknown> =>
        pages.page.evaluate(`{
        const bytes = Uint8Array.from(atob(${JSON.stringify(buffer.toString('base64'))}), (letter) => letter.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], ${JSON.stringify(name)}, { type: 'image/jpeg' }));
        const init = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
        const made = ${event === 'paste' ? "new ClipboardEvent('paste', init)" : "new DragEvent('drop', init)"};
        ${event === 'paste' ? 'document.body' : "document.querySelector('.drop')"}.dispatchEvent(made);
      }`);
      await give('drop', 'dropped.jpg');
      await pages.page.getByAltText('dropped.jpg: demo/detector').waitFor();
      // The picture is shown while the question is still on its way.
      await expect.poll(() => asked.length).toBe(1);
      await give('paste', 'pasted.jpg');
      await pages.page.getByAltText('pasted.jpg: demo/detector').waitFor();
      await expect.poll(() => asked.length).toBe(2);
    });

    it('takes a photo larger than gRPC takes by itself, and refuses one that is too large', async () => {
      await open('demo/detector');
      await choose(9_000_000);
      await pages.page.getByText(/2 found/).waitFor();
      await choose(33 * 2 ** 20);
      await pages.page.getByText(/the photo must have 1 to 33554432 bytes, got \d+/).waitFor();
      expect(asked).toHaveLength(1);
    });

    it('says why a checkpoint cannot look, and goes on with the next', async () => {
      pages.expected.push(/status of 4\d\d/);
      await open('demo/detector');
      await choose();
      await pages.page.getByText(/2 found/).waitFor();
      const [first] = [pages.page.getByLabel('Checkpoint').first()];
      await first.fill('demo/gone');
      await first.blur();
      await pages.page.getByText('no checkpoint demo/gone').waitFor();
      expect(await pages.page.getByText(/found/).count()).toBe(0);
      answer = () => Promise.reject(new CasslError('INVALID_ARGUMENT', 'image.encoded is no picture'));
      await first.fill('demo/detector');
      await first.blur();
      await pages.page.getByText('image.encoded is no picture').waitFor();
    });

    it('shows what the last one chosen found, though an earlier one answers later', async () => {
      await open('demo/slow', 'demo/quick');
      let release = (): void => undefined;
      answer = (checkpoint) =>
        checkpoint === 'demo/slow'
          ? new Promise((resolve) => (release = () => resolve({ detections: [] })))
          : Promise.resolve({ detections: [box(0.9, 'cat')] });
      const first = pages.page.getByLabel('Checkpoint').first();
      await choose();
      await pages.page.getByText('looking…').first().waitFor();
      await expect.poll(() => asked.join()).toContain('demo/slow');
      await first.fill('demo/quick');
      await first.blur();
      await expect.poll(() => pages.page.getByText(/1 found/).count()).toBe(2);
      release();
      await pages.page.waitForTimeout(500);
      expect(await pages.page.getByText(/1 found/).count()).toBe(2);
    });

    it('shows masks, and names of classes as text', async () => {
      await open('demo/detector');
      const runs = { ...SIZE, counts: Uint32Array.of(600, 1200, 3000) };
      const mask = { ...SIZE, counts: rleToString(runs) };
      answer = () =>
        Promise.resolve({ detections: [{ ...box(0.9, '<img src=x onerror="window.hacked=1">'), mask }] });
      await choose();
      await pages.page.getByText(/1 found/).waitFor();
      expect(await pages.page.evaluate('window.hacked')).toBeUndefined();
      await pages.page.locator('canvas.masks').waitFor();
    });
  },
);
