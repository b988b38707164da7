"""How long the program takes, as ratios to ONNX Runtime in the same run: medians over several rounds, two threads.

usage: bench.py --binary PATH [--rounds N]

Shrinking: a whole `--keep-params 0.25` run against one ONNX Runtime forward pass over the same samples.
Forward: `run` over the samples against the same forward pass; both times include opening the files.
The reference network is ../shared/models/fm_vgg.onnx (or under ONNX_SHRINK_SHARED); without it, the fixture network.
"""
import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ONNX_SHRINK_SHARED", ROOT.parent / "shared"))
THREADS = 2
BATCH = 64


def networks():
    """(name, model, data) of what is timed."""
    reference = SHARED / "models/fm_vgg.onnx"
    if reference.exists():
        yield "fm_vgg", reference, SHARED / "data/fm_calib_1024.npz"
    else:
        print("fm_vgg is not there: only the fixture network is timed")
    yield "demo", ROOT / "fixtures/models/demo.onnx", ROOT / "fixtures/data/demo_calib.bin"


def samples(path, shape):
    """The samples as one array."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return arrays[next(k for k in arrays.files if k != "label")]
    return np.fromfile(path, "<f4").reshape(-1, *shape[1:])


def forward(model, x):
    """Seconds of one ONNX Runtime pass over all samples, the file opened anew."""
    start = time.perf_counter()
    options = ort.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    for i in range(0, len(x), BATCH):
        session.run(None, {name: x[i:i + BATCH]})
    return time.perf_counter() - start


def command(*words):
    """Seconds of one run of the program."""
    start = time.perf_counter()
    subprocess.run([str(w) for w in words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(f"| network | samples | ONNX Runtime, one pass | run | ratio | --keep-params 0.25 | ratio |\n{'|---' * 7}|")
    for name, model, data in networks():
        shape = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"]).get_inputs()[0].shape
        x = samples(data, shape)
        times = ([], [], [])
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(args.rounds):
                common = ["--data", data, "--threads", THREADS, "--quiet"]
                times[0].append(forward(model, x))
                times[1].append(command(args.binary, "run", model, *common, "--out", Path(folder) / "out.npz"))
                times[2].append(
                    command(args.binary, model, Path(folder) / "out.onnx", *common, "--keep-params", "0.25"))
        ratios = [statistics.median(b / a for a, b in zip(times[0], t)) for t in times]
        middle = [statistics.median(t) for t in times]
        print(f"| {name} | {len(x)} | {middle[0]:.2f} s | {middle[1]:.2f} s | {ratios[1]:.1f} "
              f"| {middle[2]:.2f} s | {ratios[2]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
