import { float32Tensor, type StateDict } from '@cassl/checkpoints';
import type { ParameterStore } from '../parameters.ts';
import { toPytorchOrder } from './layout.ts';

/** All weights and running statistics, float32, in PyTorch layout. */
export async function saveState(store: ParameterStore): Promise<StateDict> {
  const state: StateDict = new Map();
  for (const [name, { shape, layout }] of store.specs) {
    const variable = store.variables.get(name)!;
    const values = (await variable.data<'float32'>()).slice();
    const tensorShape = variable.shape;
    state.set(name, float32Tensor(shape, toPytorchOrder(values, tensorShape, layout).values));
  }
  return state;
}
