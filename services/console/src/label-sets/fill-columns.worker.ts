import { workerData } from 'node:worker_threads';
import { fillColumns, type FillTask } from './fill-columns.ts';

// A thread of its own: a set of 10^6 images keeps it busy for a minute, while pages go on being answered.
await fillColumns(workerData as FillTask);
