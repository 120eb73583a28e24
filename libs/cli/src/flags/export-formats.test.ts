import { exportFormats } from '@cassl/labels';
import { expect, it } from 'vitest';
import { EXPORT_FORMATS } from './export-formats.ts';

it('formats that the command offers are those that there are', () => {
  expect(EXPORT_FORMATS).toEqual(exportFormats);
});
