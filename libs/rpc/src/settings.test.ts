import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readConfig, setting, settingsTable } from './index.ts';

const settings = {
  port: setting('X_PORT', z.coerce.number().int().min(0).max(65535).default(80), 'Port'),
  name: setting('X_NAME', z.string(), 'Name'),
  token: setting('X_TOKEN', z.string().min(8).optional(), 'Token', { isSecret: true }),
};

describe('readConfig', () => {
  it('fills defaults, takes an empty variable for unset, and freezes the result', () => {
    const config = readConfig(settings, { X_NAME: 'a', X_PORT: '' });
    expect(config).toEqual({ port: 80, name: 'a', token: undefined });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('names every bad variable, its value and its bound, but never a secret', () => {
    const read = (): unknown => readConfig(settings, { X_PORT: '70000', X_TOKEN: 'hunter2' });
    expect(read).toThrow(/X_PORT: .*65535.*"70000"/);
    expect(read).toThrow(/X_NAME: .*not set/);
    expect(read).toThrow(/X_TOKEN: .*8.*\(hidden\)/);
    expect(read).not.toThrow('hunter2');
  });

  it('makes the table of a README', () => {
    expect(settingsTable(settings)).toContain('| `X_PORT` | Port | 80 |');
    expect(settingsTable(settings)).toContain('| `X_NAME` | Name | required |');
    expect(settingsTable(settings)).toContain('| `X_TOKEN` | Token | – |');
  });
});
