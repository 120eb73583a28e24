import { implement, type ServedService } from '@cassl/rpc';
import type { CompatServiceDefinition } from 'nice-grpc';

type Definition = CompatServiceDefinition & { readonly fullName: string };
type Handlers<Service extends Definition> = Parameters<typeof implement<Service>>[1];

interface Answers {
  readonly responseStream: boolean;
  readonly responseType: { fromPartial(message: object): unknown };
}

/** A real gRPC service that takes everything and says nothing, but for what the test says. */
export function answering<Service extends Definition>(
  service: Service,
  handlers: Partial<Handlers<Service>> = {},
): ServedService {
  const empty = Object.entries(service.methods).map(([name, method]) => {
    const { responseStream, responseType } = method as unknown as Answers;
    const message = (): unknown => responseType.fromPartial({});
    async function* messages(): AsyncGenerator<unknown> {
      yield await Promise.resolve(message());
    }
    return [name, responseStream ? messages : () => Promise.resolve(message())];
  });
  return implement(service, { ...Object.fromEntries(empty), ...handlers } as Handlers<Service>);
}
