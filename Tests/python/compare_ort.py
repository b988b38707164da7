#!/usr/bin/env python3
"""Compares our engine's outputs with onnxruntime's.

    compare_ort.py MODEL.onnx OURS.npz --data D.npz [--limit N] [--rtol 1e-3] [--atol 1e-4]

OURS.npz is what `onnx-shrink run` writes: keys = output names, samples stacked on axis 0. Prints one line an output: its name, ok or BAD, the
shape, the largest difference and the largest share of the tolerance used. Exit 1 where an output is missing, has another shape or type, or
differs by more than atol + rtol |theirs|.
"""
import argparse, sys
import numpy as np
import samples


def compare(ours, theirs, rtol, atol):
    """None where equal within the tolerance, else the complaint; and the figures."""
    if ours.shape != theirs.shape:
        return f"shape {ours.shape}, onnxruntime has {theirs.shape}", ""
    if ours.dtype != theirs.dtype:
        return f"type {ours.dtype}, onnxruntime has {theirs.dtype}", ""
    if theirs.dtype.kind not in "fc":
        wrong = int((ours != theirs).sum())
        return (f"{wrong} of {theirs.size} elements differ" if wrong else None), ""
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    unequal = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    with np.errstate(invalid="ignore"):
        difference = np.where(unequal, np.abs(a - b), 0.0)
        used = difference / (atol + rtol * np.abs(b))
    difference, used = (np.where(np.isnan(v), np.inf, v) for v in (difference, used))
    figures = f"max difference {difference.max(initial=0):.3g}, {used.max(initial=0):.3g} of the tolerance"
    worst = np.unravel_index(used.argmax(), used.shape) if used.size else ()
    if used.max(initial=0) > 1:
        place = [int(i) for i in worst]
        return f"{int((used > 1).sum())} of {used.size} elements, worst at {place}: {a[worst]:.6g}, onnxruntime has {b[worst]:.6g}", figures
    return None, figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model"), parser.add_argument("ours")
    parser.add_argument("--data", required=True)
    parser.add_argument("--limit", type=int, default=10 ** 9)
    parser.add_argument("--rtol", type=float, default=1e-3)
    parser.add_argument("--atol", type=float, default=1e-4)
    options = parser.parse_args()
    model = samples.session(options.model)
    theirs = samples.run(model, samples.data_for(model, options.data), options.limit)
    ours = np.load(options.ours)
    bad = 0
    for name, expected in theirs.items():
        complaint, figures = ("missing", "") if name not in ours.files else compare(ours[name], expected, options.rtol, options.atol)
        bad += complaint is not None
        print("  ".join(p for p in (name, "BAD" if complaint else "ok", str(list(expected.shape)), complaint, figures) if p))
    for name in sorted(set(ours.files) - set(theirs)):
        bad += 1
        print(f"{name}  BAD  the model has no such output")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
