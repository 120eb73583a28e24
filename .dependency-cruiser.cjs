// The structure that docs/architecture.md draws, held by `make check`.
const TESTS = '\\.(test|fixture|interop)\\.ts$';

module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment:
        'Modules that import each other cannot be read, tested or moved alone; move what both need into a leaf.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-lib-imports-a-service',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^services/' },
    },
    {
      name: 'no-service-imports-another',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'wings-of-the-labeler',
      comment: 'Answering single images and labeling pools share libs and the top folder, not each other.',
      severity: 'error',
      from: { path: '^services/labeler/src/(online|labeling)/', pathNot: TESTS },
      to: { path: '^services/labeler/src/(online|labeling|faces)/', pathNot: '^services/labeler/src/$1/' },
    },
    {
      name: 'trainings-know-no-pipeline',
      severity: 'error',
      from: { path: '^services/trainer/src/training/', pathNot: TESTS },
      to: { path: '^services/trainer/src/pipeline/' },
    },
    {
      name: 'the-registry-knows-no-view',
      comment: 'Checkpoints, aliases and blobs are whole without HTTP.',
      severity: 'error',
      from: { path: '^services/registry/src/(aliases|blobs|checkpoints|database)/', pathNot: TESTS },
      to: { path: '^services/registry/src/(views|webhooks)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/dist/|/gen/|node_modules|/build/)' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
