import { openEngine } from '@cassl/engine';
const e = await openEngine();
console.log(e.name, e.device, e.version);
