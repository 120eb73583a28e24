import type { FoundModel } from '@cassl/inference';

/** CVAT puts a function's id into addresses that allow no slash or at sign. */
export function functionId(model: string): string {
  return model.replaceAll(/[^A-Za-z0-9_.-]/g, '.');
}

/** A model as nuclio's dashboard lists its functions. */
export function describeFunction(model: string, { categories, digest }: FoundModel): object {
  const names = categories.map(({ name }, index) => (name === '' ? `object ${index + 1}` : name));
  // CVAT refuses to list any function where one has a label twice.
  const labels = (names.length === 0 ? ['object'] : [...new Set(names)]).map((name, id) => ({
    id,
    name,
    type: 'any',
    attributes: [],
  }));
  return {
    metadata: {
      name: functionId(model),
      namespace: 'nuclio',
      labels: { 'nuclio.io/project-name': 'cvat' },
      annotations: {
        name: `cassl ${model}`,
        type: 'detector',
        framework: 'cassl',
        version: '1',
        spec: JSON.stringify(labels),
        help_message: '',
      },
    },
    spec: { description: `cassl model ${model}, checkpoint ${digest}`, handler: 'cassl', runtime: 'cassl' },
    status: { state: 'ready' },
  };
}
