"""How long the program takes and how much it needs, beside ONNX Runtime in the same run.

usage: bench.py --binary PATH [--rounds N] [--only PART ...] [--networks NAME ...] [--record]

forward: a pass of our engine and of ONNX Runtime, all its optimisations on, on the same batch and threads, in turns;
    medians over the rounds, the ratio, the geometric mean of the ratios, and the memory of a pass: weights as the file
    has them, weights packed for the primitives, the arena of all intermediate tensors, the largest sum of tensors that
    the file's order has alive at once, and all that is needed as a share of weights + 1.5 times that sum.
memory: peak memory of `run` that is its own (mapped samples aside) over 100 and over 10,000 samples.
shrink: a whole `--keep-params 0.25` run against one ONNX Runtime pass over the same samples.
instructions: what valgrind's callgrind counts for fixed small runs, against fixtures/bench.json (--record writes it).

The networks are those of ../shared (or under ONNX_SHRINK_SHARED), the fetched ones in its zoo-cache or under
ONNX_SHRINK_ZOO; what is not there is left out with a message.
"""
import argparse
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort

import zoo

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "fixtures/bench.json"
# Runs whose instructions are counted: passes over a fixture network; the second less the first is the passes alone.
COUNTED = {"demo": ("fixtures/models/demo.onnx", "fixtures/data/demo_calib.bin")}
DRIFT = 0.02


class Engine:
    """Our engine in a process of its own, which runs a pass when it is told to."""

    def __init__(self, binary, network, samples, batch, threads):
        words = [binary, "time", network, "--data", samples, "--batch", batch, "--threads", threads, "--on-demand"]
        self.process = subprocess.Popen(
            [str(w) for w in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        words = self.process.stdout.readline().split()
        self.memory = {name: int(value) for name, value in zip(words[::2], words[1::2])}

    def times(self, count):
        """Seconds of some passes in a row."""
        self.process.stdin.write(f"{count}\n")
        return [float(word) for word in self.process.stdout.readline().split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Peer:
    """ONNX Runtime with all its optimisations."""

    def __init__(self, network, samples, batch, threads):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = ort.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
        with np.load(samples) as arrays:
            self.feeds = {i.name: np.ascontiguousarray(arrays[i.name][:batch]) for i in self.session.get_inputs()}
        self.times(2)

    def times(self, count):
        """Seconds of some passes in a row."""
        result = []
        for _ in range(count):
            start = time.perf_counter()
            self.session.run(None, self.feeds)
            result.append(time.perf_counter() - start)
        return result


def block(side):
    """The median of some passes in a row, after the threads of the other side have gone to sleep."""
    time.sleep(0.02)
    first = side.times(1)[0]
    return statistics.median(side.times(max(3, min(20, int(0.05 / first)))))


def forward(args):
    print("| network | batch | threads | ONNX Runtime, ms | ours, ms | ratio | weights, MB | packed | arena | alive "
          f"| arena / alive | needed / bound |\n{'|---' * 12}|")
    ratios = []
    for name in args.networks or zoo.BENCH:
        found = zoo.network(name), zoo.samples(name, 16)
        if None in found:
            print(f"{name} is not there: left out")
            continue
        for batch in (1, 16):
            for threads in (1, 2):
                ours = Engine(args.binary, *found, batch, threads)
                peer = Peer(*found, batch, threads)
                times = [(block(peer), block(ours)) for _ in range(args.rounds)]
                ours.close()
                ratio = statistics.median(b / a for a, b in times)
                ratios.append(ratio)
                middle = [1e3 * statistics.median(t[i] for t in times) for i in (0, 1)]
                m = {k: v / 1e6 for k, v in ours.memory.items()}
                print(f"| {name} | {batch} | {threads} | {middle[0]:.2f} | {middle[1]:.2f} | {ratio:.2f} "
                      f"| {m['weights']:.1f} | {m['packed']:.1f} | {m['arena']:.1f} | {m['alive']:.1f} "
                      f"| {m['arena'] / m['alive']:.2f} "
                      f"| {(m['weights'] + m['packed'] + m['arena']) / (m['weights'] + 1.5 * m['alive']):.2f} |",
                      flush=True)
    if ratios:
        mean = math.exp(statistics.mean(math.log(r) for r in ratios))
        print(f"geometric mean of {len(ratios)} ratios: {mean:.2f}, largest {max(ratios):.2f}")


def peak(words):
    """Peak memory of a process that no file is behind, in MB."""
    process = subprocess.Popen([str(w) for w in words], stdout=subprocess.DEVNULL)
    largest = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"RssAnon:\s+(\d+) kB", status)
        largest = max(largest, int(found.group(1)) if found else 0)
        time.sleep(0.002)
    if process.returncode:
        raise SystemExit(f"{words} ended with {process.returncode}")
    return largest / 1e3


def memory(args):
    model = ROOT / COUNTED["demo"][0]
    shape = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"]).get_inputs()[0].shape[1:]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "samples.npy"
        np.save(data, np.random.default_rng(0).standard_normal((10000, *shape)).astype("float32"))
        out = Path(folder) / "out.npz"
        peaks = [peak([args.binary, "run", model, "--data", data, "--samples", n, "--batch", 64, "--out", out, "--quiet"])
                 for n in (100, 10000)]
    print(f"peak memory of run, batch 64: {peaks[0]:.1f} MB over 100 samples, {peaks[1]:.1f} MB over 10,000")


def shrink(args):
    name = "fm_vgg"
    model, data = zoo.network(name), zoo.samples(name, 1024)
    if model is None or data is None:
        print(f"{name} is not there: left out")
        return
    with np.load(data) as arrays:
        x = arrays[ort.InferenceSession(str(model), providers=["CPUExecutionProvider"]).get_inputs()[0].name]
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(min(args.rounds, 5)):
            start = time.perf_counter()
            options = ort.SessionOptions()
            options.intra_op_num_threads = 2
            session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            for i in range(0, len(x), 64):
                session.run(None, {session.get_inputs()[0].name: x[i:i + 64]})
            one = time.perf_counter() - start
            start = time.perf_counter()
            words = [args.binary, model, Path(folder) / "out.onnx", "--data", data, "--threads", 2, "--quiet",
                     "--keep-params", "0.25"]
            subprocess.run([str(w) for w in words], check=True, stdout=subprocess.DEVNULL)
            times.append((one, time.perf_counter() - start))
    ratio = statistics.median(b / a for a, b in times)
    print(f"{name}, {len(x)} samples: one ONNX Runtime pass {statistics.median(t[0] for t in times):.2f} s, "
          f"--keep-params 0.25 {statistics.median(t[1] for t in times):.2f} s, ratio {ratio:.1f}")


def instructions(args):
    if shutil.which("valgrind") is None:
        print("valgrind is not there: instructions are not counted")
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        # Without debug information, which valgrind may not be able to read.
        binary = Path(folder) / "onnx-shrink"
        subprocess.run(["strip", "-o", str(binary), args.binary], check=True)
        for name, (model, data) in COUNTED.items():
            def count(runs):
                # The variable keeps the program from starting itself again.
                result = subprocess.run(
                    ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", str(binary), "time",
                     str(ROOT / model), "--data", str(ROOT / data), "--batch", "8", "--runs", str(runs)],
                    env={**os.environ, "GOMP_SPINCOUNT": "0"}, capture_output=True, text=True)
                counted = re.search(r"Collected : (\d+)", result.stderr)
                if result.returncode or counted is None:
                    raise SystemExit(result.stderr)
                return int(counted.group(1))
            few, many = count(1), count(11)
            found[f"{name}, open and compile"] = few
            found[f"{name}, a pass over 8 samples"] = (many - few) // 10
    known = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for name, value in found.items():
        change = f"{value / known[name] - 1:+.1%} against the record" if name in known else "not recorded"
        print(f"instructions of {name}: {value:,}, {change}")
    if args.record:
        RECORD.write_text(json.dumps(found, indent=2) + "\n")
    worse = [n for n, v in found.items() if n in known and v > known[n] * (1 + DRIFT)]
    if worse and not args.record:
        raise SystemExit(f"more instructions than recorded: {', '.join(worse)}; find out why, or --record")


PARTS = {"forward": forward, "memory": memory, "shrink": shrink, "instructions": instructions}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--networks", nargs="+")
    parser.add_argument("--record", action="store_true", help="write the instruction counts to fixtures/bench.json")
    args = parser.parse_args()
    for part in args.only:
        print(f"\n## {part}\n", flush=True)
        PARTS[part](args)


if __name__ == "__main__":
    main()
