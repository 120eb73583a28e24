import { defineConfig } from 'vitest/config';

// Checks against Python peers; `make test-interop` brings the Python packages.
export default defineConfig({
  test: {
    include: ['{libs,services,test}/**/*.interop.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    env: { OMP_WAIT_POLICY: 'passive' },
  },
});
