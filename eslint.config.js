import tseslint from 'typescript-eslint';

// Numeric loops read typed arrays whose bounds the loop itself proves.
const numeric = [
  'coco',
  'vision',
  'metrics',
  'detector',
  'onnx',
  'datasets',
  'labels',
  'engine',
  'engine-torch',
  'checkpoints',
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/gen/**',
      '.tools/**',
      '.cassl/**',
      'out/**',
      '**/build/**',
      'eslint.config.js',
      '**/*.config.ts',
    ],
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@cassl/*/src/*', '@cassl/*/src'],
              message: 'Import a lib by its name; its src/ is its own.',
            },
            { group: ['**/services/*'], message: 'No lib imports a service.' },
          ],
        },
      ],
    },
  },
  {
    files: numeric
      .map((lib) => `libs/${lib}/**/*.ts`)
      .concat(['bench/**/*.ts', 'services/console/src/label-sets/*.ts']),
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.test.ts', '**/*.interop.ts', '**/*.fixture.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
