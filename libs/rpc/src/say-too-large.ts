import { status, type ServerInterceptingCallInterface } from '@grpc/grpc-js';

const RECEIVED =
  /^Received message (?:larger than max \((\d+) vs (\d+)\)|that decompresses to a size larger than (\d+))$/;

/**
 * grpc-js answers RESOURCE_EXHAUSTED to a message over the limit, which clients take for a full service and try again. Here it is
 * INVALID_ARGUMENT with the size and the limit: no later try fits. The status comes from the innermost call, so that one is told.
 */
export function sayTooLarge(call: ServerInterceptingCallInterface): void {
  const send = call.sendStatus.bind(call);
  call.sendStatus = (sent) => {
    const [match, bytes, limit, unpacked] = RECEIVED.exec(sent.details ?? '') ?? [];
    if (match === undefined || sent.code !== status.RESOURCE_EXHAUSTED) return send(sent);
    const size = bytes === undefined ? `more than ${unpacked} bytes` : `${bytes} bytes`;
    const details = `request: the message has ${size}, the limit is ${limit ?? unpacked}; send more, smaller ones`;
    send({ ...sent, code: status.INVALID_ARGUMENT, details });
  };
}
