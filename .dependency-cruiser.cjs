// The structure that docs/architecture.md draws, held by `make check`.
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
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/dist/|/gen/|node_modules|/build/)' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
