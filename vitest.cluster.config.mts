import { defineConfig } from 'vitest/config';

/** Scenarios on a real Kubernetes: `make test-cluster`. */
export default defineConfig({
  test: {
    include: ['test/cluster/*.cluster.ts'],
    pool: 'forks',
    // One cluster, one release at a time.
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 300_000,
  },
});
