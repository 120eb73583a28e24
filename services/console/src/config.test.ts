import { readFileSync } from 'node:fs';
import { settingsTable } from '@cassl/rpc';
import { describe, expect, it } from 'vitest';
import { readConsoleConfig, settings } from './config.ts';

describe('the console configuration', () => {
  it('has defaults for one machine', () => {
    expect(readConsoleConfig({})).toMatchObject({ host: '127.0.0.1', httpPort: 7190, logsDir: undefined });
  });

  it('is the table in the README', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    // Prettier pads the columns of the README's table.
    const flat = (text: string): string => text.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---');
    for (const row of settingsTable(settings).split('\n').slice(2)) expect(flat(readme)).toContain(row);
  });
});
