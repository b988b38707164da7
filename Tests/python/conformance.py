"""Runs ONNX's own conformance cases and real networks through the program's executor, and writes docs/operators.md.

usage: conformance.py --binary PATH [--cases FOLDER] [--page FILE]

The cases are those of Debian's libonnx-testdata; tolerances are those of ONNX's backend runner. The networks are those
of ../shared (or under ONNX_SHRINK_SHARED) with real inputs, against ONNX Runtime within 1e-3 relative and 1e-4 absolute;
what is not there is left out with a message. Ends with 1 when a case or network fails.
"""
import argparse
import collections
import json
import os
import subprocess
import tempfile
from pathlib import Path

import onnxruntime as ort

import zoo
from case_files import write_set

SAMPLES = 8
OUTCOMES = ("passed", "failed", "unsupported")
# What is left out on purpose: why a case may be unsupported.
LEFT_OUT = ("is left out on purpose", "only tensors are supported", "elements of type string",
            "drops elements at random")


def run(binary, folders, *options):
    """The results of cases, by the program."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results.json"
        subprocess.run([str(w) for w in (binary, "conformance", *folders, "--json", out, *options)],
                       stdout=subprocess.DEVNULL)
        return json.loads(out.read_text())


def write_network(folder, name):
    """A case of a real network: what ONNX Runtime gives for real inputs."""
    folder.mkdir(parents=True)
    os.symlink(zoo.network(name), folder / "model.onnx")
    session = ort.InferenceSession(str(zoo.network(name)), providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    feeds = zoo.feeds(name, SAMPLES)
    if session.get_inputs()[0].shape[0] == 1:
        for n in range(2):
            one = {k: feeds[k][n:n + 1] for k in names}
            write_set(folder, n, dict(enumerate(one.values())), session.run(None, one))
    else:
        fed = {k: feeds[k] for k in names}
        write_set(folder, 0, dict(enumerate(fed.values())), session.run(None, fed))


def networks(binary):
    """Runs every network that is there; returns whether all agreed."""
    with tempfile.TemporaryDirectory() as folder:
        for name in zoo.names():
            if zoo.samples(name, SAMPLES):
                write_network(Path(folder) / "networks" / name, name)
            else:
                print(f"{name}: no inputs, left out")
        if not (Path(folder) / "networks").exists():
            print("no real networks are there: left out")
            return True
        results = run(binary, [Path(folder) / "networks"], "--relative", "1e-3", "--absolute", "1e-4")
    for result in results:
        print(f"{result['name']}: {result['outcome']} {result.get('reason', '')}")
    return all(r["outcome"] == "passed" for r in results)


def table(results):
    """Cases by operator and opset: {(operator, opset): counts}."""
    counts = collections.defaultdict(collections.Counter)
    for result in results:
        for operator in result["operators"]:
            counts[operator, result["opset"]][result["outcome"]] += 1
    return dict(sorted(counts.items()))


def page(binary, results):
    """docs/operators.md."""
    total = collections.Counter(r["outcome"] for r in results)
    lines = subprocess.run([str(binary), "operators"], capture_output=True, text=True, check=True).stdout.splitlines()
    lines += [
        "", "## Conformance", "",
        "ONNX's own cases (Debian's libonnx-testdata) through the executor, node by node and compiled: "
        + ", ".join(f"{total[o]} {o}" for o in OUTCOMES) + f" of {len(results)}.",
        "A case counts for every operator in it. Tolerances are those of ONNX's backend runner, rtol 1e-3 and atol 1e-7; the",
        "exceptions are float16 and bfloat16, two units in the last place. Opset 0: the model imports only another domain.", "", "| operator | opset | passed | failed | unsupported |",
        "|---|---|---|---|---|"]
    for (operator, opset), counts in table(results).items():
        lines.append(f"| {operator} | {opset} | " + " | ".join(str(counts[o] or "") for o in OUTCOMES) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--cases", default="/usr/share/libonnx-testdata/data")
    parser.add_argument("--page", type=Path)
    args = parser.parse_args()
    kinds = sorted(p for p in Path(args.cases).iterdir() if p.is_dir())
    results = run(args.binary, kinds)
    print("| operator | opset | passed | failed | unsupported |\n|---|---|---|---|---|")
    for (operator, opset), counts in table(results).items():
        print(f"| {operator} | {opset} | " + " | ".join(str(counts[o]) for o in OUTCOMES) + " |")
    for result in results:
        if result["outcome"] != "passed":
            print(f"{result['outcome']} {result['name']}: {result.get('reason')}")
    total = collections.Counter(r["outcome"] for r in results)
    print(f"{len(results)} cases: " + ", ".join(f"{total[o]} {o}" for o in OUTCOMES))
    lost = [r["name"] for r in results
            if r["outcome"] == "unsupported" and not any(reason in r["reason"] for reason in LEFT_OUT)]
    if lost:
        print(f"unsupported, but not left out on purpose: {', '.join(lost)}")
    if args.page:
        args.page.write_text(page(args.binary, results))
    agree = networks(args.binary)
    raise SystemExit(0 if agree and not total["failed"] and not lost else 1)


if __name__ == "__main__":
    main()
