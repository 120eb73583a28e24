// Docker's HEALTHCHECK: a service answers on its port of metrics. Kubernetes asks by gRPC instead.
const ports = process.env.CASSL_METRICS_PORT
  ? [process.env.CASSL_METRICS_PORT]
  : [9100, 9101, 9102, 9103, 9105];
const answers = ports.map(async (port) => {
  const { ok } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(2000) });
  if (!ok) throw new Error(`port ${port} is not healthy`);
});
try {
  await Promise.any(answers);
} catch {
  process.stderr.write(`no service answers on ${ports.join(', ')}\n`);
  process.exitCode = 1;
}
