import { CasslError } from '@cassl/errors';

/** Thrown inside a native kernel for what it has no native form of (strings, complex numbers, NCHW): the cpu backend takes the call. */
export class NoNativeForm extends CasslError {
  constructor(what: string) {
    super('UNIMPLEMENTED', `the torch engine has no native kernel for ${what}`);
  }
}
