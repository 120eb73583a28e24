import { existsSync } from 'node:fs';
import { findAddon } from './native-addon.ts';

/** Tests of the addon are skipped by name where it is neither built nor prebuilt. */
export const torchIsBuilt: boolean = isBuilt();

function isBuilt(): boolean {
  if (process.env['CASSL_TORCH_ADDON']) return true;
  try {
    return existsSync(findAddon());
  } catch {
    return false;
  }
}
