import { CasslError, invalidArgument, notFound } from '@cassl/errors';
import { FRAMEWORKS, type Framework } from '@cassl/checkpoints';
import { Checkpoint } from '@cassl/proto';
import { resolveReference } from '../../aliases/resolve-reference.ts';
import { checkDigest } from '../../check-request.ts';
import { stageFile } from '../../checkpoints/staged-files.ts';
import { checkTicket } from '../../checkpoints/upload-ticket.ts';
import { readCheckpoint } from '../../checkpoints/read-checkpoints.ts';
import { checkContainer, checkFramework, frameworkFile } from '../files/framework-file.ts';
import { checkOutputs, onnxFile } from '../files/onnx-file.ts';
import { openCheckpoint } from '../files/open-checkpoint.ts';
import type { Failure, View, ViewRequest } from '../http/request.ts';
import { sendFile } from '../http/send-file.ts';
import { sendJson } from '../http/send-json.ts';
import { sendTfjs } from '../tfjs/tfjs-view.ts';
import { parseWeightsName, weightsName } from './weights-name.ts';

/**
 * `/v1/checkpoints/{reference}`: facts and addresses; below it `file`, `tfjs/…`, and files of weights whose names carry
 * their sha256 (`{name}-{8 hex}.pth`), with `?for=` or below `for/{framework}/` for loaders that drop queries.
 */
export const plainView: View = {
  owns: ([version, kind]) => version === 'v1' && (kind === 'checkpoints' || kind === 'uploads'),
  handle: route,
  fail,
};

async function route(request: ViewRequest): Promise<void> {
  if (request.path[1] === 'uploads') return receiveFile(request);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new CasslError(
      'UNIMPLEMENTED',
      `${request.method} is not served here: checkpoints are published by gRPC`,
    );
  const { reference, rest } = splitReference(request.path.slice(2));
  const digest = await resolveReference(request.registry, reference);
  const [first, second, third] = rest;
  if (first === undefined) return sendFacts(request, digest, reference);
  if (first === 'tfjs' && second !== undefined) return sendTfjs(request, digest, second);
  if (second === 'onnx' || (first === 'file' && request.query.get('for') === 'onnx'))
    return sendOnnx(request, digest);
  if (first === 'for' && second !== undefined) return sendWeights(request, digest, reference, third, second);
  return sendWeights(request, digest, reference, first, request.query.get('for') ?? 'cassl');
}

/** `PUT /v1/uploads/{sha256}` with a ticket and an `offset`: the rest of a file, which PublishCheckpoint then publishes. */
async function receiveFile(request: ViewRequest): Promise<void> {
  const { registry, query, signal } = request;
  if (request.method !== 'PUT' || request.path.length !== 3) throw notFound('no such address');
  const digest = checkDigest('the file', request.path[2] ?? '');
  const { sizeBytes } = await checkTicket(registry, digest, query);
  const offset = Number(query.get('offset') ?? 0);
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > sizeBytes)
    throw invalidArgument(`offset must be 0 to ${sizeBytes}, got ${query.get('offset') ?? ''}`);
  await stageFile(registry, { digest, sizeBytes, offset }, request.request as AsyncIterable<Buffer>, signal);
  sendJson(request, {});
}

/** An alias may have slashes, which some clients do not escape: what follows it is known. */
function splitReference(path: readonly string[]): { reference: string; rest: readonly string[] } {
  const tail = path.findIndex(
    (segment, index) =>
      index > 0 &&
      (segment === 'file' ||
        segment === 'tfjs' ||
        segment === 'for' ||
        parseWeightsName(segment) !== undefined),
  );
  const end = tail < 0 ? path.length : tail;
  if (end === 0) throw invalidArgument('name a checkpoint: /v1/checkpoints/{digest or alias}');
  return { reference: path.slice(0, end).join('/'), rest: path.slice(end) };
}

async function sendWeights(
  request: ViewRequest,
  digest: string,
  reference: string,
  fileName: string | undefined,
  framework: string,
): Promise<void> {
  const named = fileName === undefined || fileName === 'file' ? undefined : parseWeightsName(fileName);
  if (fileName !== undefined && fileName !== 'file' && named === undefined) throw notFound('no such file');
  const asked = request.query.get('container');
  const container = named?.container ?? (asked === null ? undefined : checkContainer(asked));
  const open = await openCheckpoint(request, digest);
  const file = await frameworkFile(request.registry, open, {
    framework: checkFramework(framework),
    container,
  });
  if (named?.hash !== undefined && !file.sha256.startsWith(named.hash)) {
    const right = weightsName(reference, file.sha256, named.container);
    throw notFound(`${fileName ?? ''} is not what ${reference} is now: that is ${right}`);
  }
  // A name with a hash means these bytes for ever; one without is whatever the reference names now.
  const lasting: Record<string, string> = { 'cache-control': 'private, no-transform, immutable' };
  await sendFile(request, file, named?.hash === undefined ? {} : lasting);
}

/** `file?for=onnx` or, with a name that ends as runtimes want it, `for/onnx/model.onnx`; `?outputs=raw` without decoding. */
async function sendOnnx(request: ViewRequest, digest: string): Promise<void> {
  const outputs = checkOutputs(request.query.get('outputs') ?? 'detections');
  const open = await openCheckpoint(request, digest);
  await sendFile(request, await onnxFile(request.registry, open, outputs), {});
}

/** What it is, and where each framework finds its file under the name with the hash. */
async function sendFacts(request: ViewRequest, digest: string, reference: string): Promise<void> {
  const checkpoint = await readCheckpoint(request.registry.db, digest);
  if (checkpoint === undefined) throw notFound(`checkpoint ${digest} was deleted`);
  const base = `${request.origin}/v1/checkpoints/${encodeURIComponent(reference)}`;
  const wanted = request.query.get('for');
  const files =
    wanted === null
      ? undefined
      : wanted === 'onnx'
        ? { onnx: `${base}/for/onnx/model.onnx` }
        : await addresses(request, digest, reference, checkFramework(wanted));
  sendJson(request, {
    checkpoint: Checkpoint.toJSON(checkpoint),
    file: `${base}/file`,
    ...(files === undefined
      ? { frameworks: [...FRAMEWORKS, 'onnx'].map((name) => `${base}?for=${name}`) }
      : files),
  });
}

async function addresses(
  request: ViewRequest,
  digest: string,
  reference: string,
  framework: Framework,
): Promise<Record<string, string>> {
  const open = await openCheckpoint(request, digest);
  const base = `${request.origin}/v1/checkpoints/${digest}/for/${framework}`;
  const entries = (['safetensors', 'pth'] as const).map(async (container) => {
    const { sha256 } = await frameworkFile(request.registry, open, { framework, container });
    return [container, `${base}/${weightsName(reference, sha256, container)}`] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function fail({ method, response }: ViewRequest, { status, message }: Failure): void {
  sendJson(
    { method, response },
    { error: { code: status, message } },
    { status, headers: status === 401 ? { 'www-authenticate': 'Bearer realm="cassl"' } : {} },
  );
}
