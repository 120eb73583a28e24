/** One COCO evaluation by us in its own process, as peer.py does for the others: `ours.ts GT RESULTS bbox|segm`. */
import { evaluateCocoFiles } from '@cassl/metrics';

const [groundTruth, results, type] = process.argv.slice(2) as [string, string, 'bbox' | 'segm'];
const cpuStart = process.cpuUsage();
const start = performance.now();
const { summary, timings } = await evaluateCocoFiles({ type, groundTruth, results });
const totalMs = performance.now() - start;
const { user, system } = process.cpuUsage(cpuStart);
const loadMs = timings.groundTruthMs + timings.resultsMs;
const stats = Object.values(summary.numbers) as (number | null)[];
console.log(
  JSON.stringify({
    loadSeconds: loadMs / 1000,
    evaluateSeconds: (totalMs - loadMs) / 1000,
    totalSeconds: totalMs / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    stats: stats.map((value) => value ?? -1),
    timings,
  }),
);
