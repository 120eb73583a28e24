import { existsSync } from 'node:fs';

/** The Chromium of this machine; `make test` installs it from apt where it can. */
export const CHROMIUM = [
  process.env['CASSL_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
