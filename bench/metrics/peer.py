"""One COCO evaluation by a peer in its own process: prints {seconds per phase, peak memory, the 12 numbers} as JSON.

usage: peer.py pycocotools|fasterCocoEval GT RESULTS bbox|segm
"""

import contextlib
import io
import json
import resource
import sys
import time

peer, gt_path, results_path, kind = sys.argv[1:]
if peer == "pycocotools":
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval as Evaluator
else:
    from faster_coco_eval import COCO, COCOeval_faster as Evaluator

quiet = contextlib.redirect_stdout(io.StringIO())
with quiet:
    start, cpu_start = time.perf_counter(), time.process_time()
    gt = COCO(gt_path)
    dt = gt.loadRes(results_path)
    loaded = time.perf_counter()
    evaluator = Evaluator(gt, dt, kind)
    evaluator.evaluate()
    evaluator.accumulate()
    evaluator.summarize()
    end, cpu_end = time.perf_counter(), time.process_time()

print(
    json.dumps(
        {
            "loadSeconds": loaded - start,
            "evaluateSeconds": end - loaded,
            "totalSeconds": end - start,
            "cpuSeconds": cpu_end - cpu_start,
            "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "stats": [float(value) for value in evaluator.stats[:12]],
        }
    )
)
