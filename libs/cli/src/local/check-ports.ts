import { once } from 'node:events';
import { createServer } from 'node:net';
import { errorCode, failedPrecondition } from '@cassl/errors';

/**
 * Looks whether ports of loopback can be had.
 * @throws FAILED_PRECONDITION that names every port that cannot, what it is for, and what to do
 */
export async function checkPorts(ports: Readonly<Record<string, number>>): Promise<void> {
  const found = await Promise.all(
    Object.entries(ports).map(async ([purpose, port]) => {
      const problem = await whyNot(port);
      return problem === undefined ? [] : [`port ${port} for ${purpose} ${problem}`];
    }),
  );
  const problems = found.flat();
  if (problems.length === 0) return;
  throw failedPrecondition(
    `${problems.join('; ')}: stop what listens there (\`ss -ltnp\` names it), or take other ports with --free-ports`,
  );
}

async function whyNot(port: number): Promise<string | undefined> {
  const probe = createServer();
  try {
    probe.listen(port, '127.0.0.1');
    await once(probe, 'listening');
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return 'is taken';
    return code === 'EACCES' ? 'needs more rights' : `cannot be had (${code ?? errorCode(error)})`;
  } finally {
    probe.close();
  }
}
