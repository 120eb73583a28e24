// Apart from the contract of our own, whose names it shares.
export * from './gen/inference/v2/inference.ts';
