"""All four jobs with and without a warmup, over seeds: paired differences with their 95 % intervals.

    python compare.py --data scenes --registry http://127.0.0.1:7180 --references a b c --iterations 300 --out torchvision.json

The n-th reference is the warmup of seed n, so that a seed changes warmup and finetuning alike. Numbers that are there already in the
folder beside --out, for the same iterations and size, are not made again.
"""

import argparse
import importlib
import json
import math
import os
import statistics

import torch

JOBS = ("fcos", "retinanet", "mask_rcnn", "keypoint_rcnn")
KINDS = {"bbox": "boxAP", "segm": "maskAP", "keypoints": "keypointAP"}
# Student's t at 97.5 % by degrees of freedom.
STUDENT_T = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--registry", required=True)
    parser.add_argument("--references", nargs="+", required=True, help="alias or digest of the warmup of seed 1, 2, …")
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=JOBS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", required=True)
    args = parser.parse_args(argv)
    if len(args.references) - 1 not in STUDENT_T:
        parser.error(f"--references: {len(args.references)} given, 2 to {max(STUDENT_T) + 1} wanted, one a seed")
    torch.set_num_threads(args.threads)
    folder = os.path.splitext(args.out)[0]
    os.makedirs(folder, exist_ok=True)
    arms = {}
    for name in args.jobs:
        arm_name = name.replace("_", "-")
        for arm, warmed in ((arm_name, True), (f"{arm_name}-none", False)):
            runs = [once(args, folder, name, seed, reference if warmed else None) for seed, reference in enumerate(args.references, 1)]
            arms[arm] = {metric: [run[metric] for run in runs] for metric in runs[0]}
    with open(args.out, "w") as file:
        json.dump(judged(args, arms), file, indent=2)


def once(args, folder, name, seed, reference):
    """The metrics of one job, from its file where it ran before."""
    arm = "warmup" if reference else "none"
    path = os.path.join(folder, f"{name}-{arm}-{args.iterations}x{args.size}-{seed}.json")
    if not os.path.exists(path):
        given = ["--data", args.data, "--iterations", str(args.iterations), "--size", str(args.size), "--seed", str(seed), "--out", path]
        if reference:
            given += ["--registry", args.registry, "--reference", reference]
        importlib.import_module(name).main(given)
    with open(path) as file:
        numbers = json.load(file)
    metrics = {KINDS[kind]: round(value, 5) for kind, value in numbers["AP"].items()}
    metrics["boxAPAgnostic"] = round(numbers["AP-agnostic"]["bbox"], 5)
    return metrics


def judged(args, arms):
    """In the form of docs/results: what was claimed, and what the numbers say of it."""
    statements, difference, interval = {}, {}, {}
    for name in (arm for arm in arms if not arm.endswith("-none")):
        for metric, values in arms[name].items():
            paired = [warmed - none for warmed, none in zip(values, arms[f"{name}-none"][metric])]
            mean = statistics.mean(paired)
            half = STUDENT_T[len(paired) - 1] * statistics.stdev(paired) / math.sqrt(len(paired))
            verdict = "holds" if mean - half > 0 else "fails" if mean + half <= 0 else "undecided"
            says = f"{name}: {metric}"
            statements[says] = {
                "says": f"{name}.{metric} > {name}-none.{metric}",
                "verdict": verdict,
                "differences": [round(value, 5) for value in paired],
            }
            difference[says], interval[says] = round(mean, 5), [round(mean - half, 5), round(mean + half, 5)]
    verdicts = {statement["verdict"] for statement in statements.values()}
    return {
        "experiment": "torchvision",
        "claim": "A warmup pulled from the registry makes torchvision's own detectors better than the same jobs from scratch.",
        "verdict": next(verdict for verdict in ("fails", "undecided", "holds") if verdict in verdicts),
        "pipeline": "pipelines/torchvision-warmup.yaml",
        "commands": [
            'cassl run pipelines/torchvision-warmup.yaml --set "seeds=[1]" (then 2, 3) and',
            f"examples/finetune/compare.py --iterations {args.iterations} --size {args.size}",
        ],
        "seeds": list(range(1, len(args.references) + 1)),
        "missingSeeds": [],
        "difference": difference,
        "interval": interval,
        "statements": statements,
        "arms": arms,
    }


if __name__ == "__main__":
    main()
