import { expect, it } from 'vitest';
import { pullCommands } from './framework-commands.ts';

it('names the repository and the branch that the Hub view gives an alias', () => {
  const texts = (alias: string | undefined): string =>
    pullCommands('ab'.repeat(32), alias, 'http://host:7180')
      .map(({ text }) => text)
      .join('\n');
  expect(texts('warmup@prod')).toContain("hf_hub:cassl/warmup-timm@prod'");
  expect(texts('team/warmup/v2')).toContain('hf download team/warmup --revision v2');
  expect(texts(undefined)).toContain('docker://host:7180/checkpoints/abababababababab:main');
});
