import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkNodeVersion, openTensorflowEngine } from './tensorflow-engine.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the tensorflow engine', () => {
  it('says how to install it where it is missing', () => {
    vi.stubEnv('CASSL_TENSORFLOW_DIR', '/nowhere');
    expect(() => openTensorflowEngine()).toThrow('bash libs/engine/tensorflow/install.sh');
  });

  it('says that Node 23 is too new', () => {
    expect(() => checkNodeVersion('@tensorflow/tfjs-node', '24.1.0')).toThrow('needs Node 22 or older');
    expect(() => checkNodeVersion('@tensorflow/tfjs-node', '22.19.0')).not.toThrow();
  });
});
