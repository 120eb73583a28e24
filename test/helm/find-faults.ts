import * as kubernetes from '@kubernetes/client-node';
import { errorMessage } from '@cassl/errors';
import type { Manifest } from './render-chart.ts';

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}
interface ModelClass {
  getAttributeTypeMap(): readonly Attribute[];
}

/** Where kubernetes-models keeps the validators of a group. */
function validatorModule(apiVersion: string): string {
  const group = apiVersion.split('/')[0]!;
  const packages: Readonly<Record<string, string>> = {
    'keda.sh': '@kubernetes-models/keda',
    'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
    'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
    'cert-manager.io': '@kubernetes-models/cert-manager',
  };
  return `${packages[group] ?? 'kubernetes-models'}/${apiVersion}`;
}

/** What is wrong with a manifest: types, enums and required fields by the API's schema, and fields that do not exist. */
export async function findFaults(manifest: Manifest): Promise<string[]> {
  const where = `${manifest.kind}/${manifest.metadata.name}`;
  const models = (await import(validatorModule(manifest.apiVersion))) as Record<
    string,
    new (data: object) => { validate(): void }
  >;
  const Model = models[manifest.kind];
  if (Model === undefined) return [`${where}: no schema of ${manifest.apiVersion}`];
  const faults = unknownFields(
    manifest,
    `V${manifest.apiVersion.split('/').at(-1)!.slice(1)}${manifest.kind}`,
    where,
  );
  try {
    new Model(manifest).validate();
  } catch (error) {
    faults.push(`${where}: ${errorMessage(error)}`);
  }
  return faults;
}

/** Paths that the type `type` of @kubernetes/client-node does not know; types that it lacks are not looked into. */
function unknownFields(value: unknown, type: string, path: string): string[] {
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  if (list !== undefined && Array.isArray(value)) {
    return value.flatMap((item, index) => unknownFields(item, list, `${path}[${index}]`));
  }
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (map !== undefined) return entries.flatMap(([key, item]) => unknownFields(item, map, `${path}.${key}`));
  const model = (kubernetes as unknown as Record<string, ModelClass | undefined>)[type];
  if (model?.getAttributeTypeMap === undefined) return [];
  const attributes = new Map(
    model.getAttributeTypeMap().map((attribute) => [attribute.baseName, attribute.type]),
  );
  return entries.flatMap(([key, item]) => {
    const known = attributes.get(key);
    return known === undefined
      ? [`${path}.${key}: unknown field`]
      : unknownFields(item, known, `${path}.${key}`);
  });
}
