import { createSecureContext } from 'node:tls';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { errorMessage, invalidArgument } from '@cassl/errors';
import type { experimental } from '@grpc/grpc-js';
import type { Logger } from './logger.ts';
import { watchFiles, type WatchedFiles } from './identity/watched-file.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile?: string | undefined;
}

interface Certificates {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly ca: Buffer | undefined;
}

/** As `tls.createSecureContext` takes them. */
export interface PemFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

export interface ReloadingCertificates {
  /** For gRPC. */
  readonly provider: Provider;
  /** For HTTPS. */
  current(): PemFiles;
  onChange(listener: (now: PemFiles) => void): void;
  close(): void;
}

type Provider = experimental.CertificateProvider;
type Listener<T> = (update: T | null) => void;

/**
 * Certificate, key and CA of files that are replaced while the program runs. A new pair is taken when both halves fit each
 * other; until then, and where a file is broken, the last good one stays. (grpc-js's own provider publishes nothing at all
 * after a failed reading, and reads the two halves one by one.) New connections see the new pair; calls that run see nothing.
 * @throws INVALID_ARGUMENT for files that are not right at the start
 */
export async function openReloadingCertificates(
  { certFile, keyFile, caFile }: CertificateFiles,
  options: { readonly logger?: Logger | undefined; readonly everyMs?: number } = {},
): Promise<ReloadingCertificates> {
  const identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  const caListeners = new Set<experimental.CaCertificateUpdateListener>();
  const pemListeners = new Set<(now: PemFiles) => void>();
  const { logger, everyMs } = options;
  const files: WatchedFiles<Certificates> = await watchFiles({
    paths: [certFile, keyFile, ...(caFile === undefined ? [] : [caFile])],
    parse: ([certificate, privateKey, ca]) => checkPair(certificate, privateKey, ca),
    onChange: (now) => {
      tell(identityListeners, now);
      tell(caListeners, caOf(now));
      for (const listener of pemListeners) listener(toPem(now));
      logger?.info({ certFile }, 'took a new certificate');
    },
    onError: (error) =>
      logger?.warn(
        { certFile, reason: errorMessage(error) },
        'a new certificate is not right, the last good one stays',
      ),
    ...(everyMs === undefined ? {} : { everyMs }),
  }).catch((cause: unknown) => {
    throw invalidArgument(`cannot use the PEM files ${certFile}, ${keyFile}: ${errorMessage(cause)}`, {
      cause,
    });
  });
  const provider: Provider = {
    addIdentityCertificateListener(listener) {
      identityListeners.add(listener);
      process.nextTick(() => listener(files.current()));
    },
    removeIdentityCertificateListener: (listener) => void identityListeners.delete(listener),
    addCaCertificateListener(listener) {
      caListeners.add(listener);
      process.nextTick(() => listener(caOf(files.current())));
    },
    removeCaCertificateListener: (listener) => void caListeners.delete(listener),
  };
  return {
    provider,
    current: () => toPem(files.current()),
    onChange: (listener) => void pemListeners.add(listener),
    close: () => files.close(),
  };
}

function tell<T>(listeners: ReadonlySet<Listener<T>>, update: T | null): void {
  for (const listener of listeners) listener(update);
}

function toPem({ certificate, privateKey, ca }: Certificates): PemFiles {
  return { cert: certificate, key: privateKey, ca };
}

function caOf({ ca }: Certificates): experimental.CaCertificateUpdate | null {
  return ca === undefined ? null : { caCertificate: ca };
}

/** @throws where a file is no PEM or the key is not the certificate's */
function checkPair(
  certificate: Buffer = Buffer.alloc(0),
  privateKey: Buffer = Buffer.alloc(0),
  ca?: Buffer,
): Certificates {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))) {
    throw invalidArgument('the private key is not that of the certificate');
  }
  createSecureContext({ cert: certificate, key: privateKey, ...(ca === undefined ? {} : { ca }) });
  return { certificate, privateKey, ca };
}
