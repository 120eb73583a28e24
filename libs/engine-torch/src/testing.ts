import { existsSync } from 'node:fs';
import { addonPath } from './addon-path.ts';
import { findLibtorch } from './find-libtorch.ts';

/** Tests of the addon are skipped by name where it is not built. */
export const torchIsBuilt: boolean = isBuilt();

function isBuilt(): boolean {
  if (process.env['CASSL_TORCH_ADDON']) return true;
  try {
    return existsSync(addonPath(findLibtorch()));
  } catch {
    return false;
  }
}
