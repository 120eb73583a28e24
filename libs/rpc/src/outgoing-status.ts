import { status, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { shortText } from './short-text.ts';

type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

const RECEIVED =
  /^Received message (?:larger than max \((\d+) vs (\d+)\)|that decompresses to a size larger than (\d+))$/;
/** What grpc-js calls INTERNAL though it is the caller's: a body that is not what `grpc-encoding` says, a header that is no time. */
const CALLERS_FAULT = /^(Failed to decompress message|Invalid grpc-timeout value)/;
/**
 * Looks at every status that leaves, those of grpc-js itself included; they come from the innermost call, so that one is told:
 * - a message over the limit is INVALID_ARGUMENT with the size and the limit, not RESOURCE_EXHAUSTED, which clients take for a
 *   full service and try again: no later try fits;
 * - what grpc-js calls INTERNAL but the caller sent is INVALID_ARGUMENT;
 * - the text is one that a trailer can hold.
 */
export function checkStatuses(call: ServerInterceptingCallInterface): void {
  const send = call.sendStatus.bind(call);
  call.sendStatus = (sent) => {
    const { details, ...rest } = ofTheCaller(sent);
    send({ ...rest, details: shortText(details ?? '') });
  };
}

function ofTheCaller(sent: Status): Status {
  const text = sent.details ?? '';
  if (sent.code === status.INTERNAL && CALLERS_FAULT.test(text))
    return { ...sent, code: status.INVALID_ARGUMENT, details: `request: ${text}` };
  const [match, bytes, limit, unpacked] = RECEIVED.exec(text) ?? [];
  if (match === undefined || sent.code !== status.RESOURCE_EXHAUSTED) return sent;
  const size = bytes === undefined ? `more than ${unpacked} bytes` : `${bytes} bytes`;
  const details = `request: the message has ${size}, the limit is ${limit ?? unpacked}; send more, smaller ones`;
  return { ...sent, code: status.INVALID_ARGUMENT, details };
}
