import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{libs,services,scripts}/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Vitest's own second is short for a browser or a service on a busy machine.
    expect: { poll: { timeout: 10_000 } },
    env: { OMP_WAIT_POLICY: 'passive' },
  },
});
