"""docs/results.md: what came out of the runs, next to onnxsim's."""
import os, platform

ABOUT = """# Results

Written by `make quality` from what it measured{machine}. Statistics come from each network's calibration samples, every figure from others that
the program never sees. An arrow stands between the original and the result. Error: relative L2 of the outputs. Agreement: equal arg-max
decisions. Latency: ONNX Runtime, one sample, one thread, medians of passes in turns. Time and memory are those of the run, verification included.
No network has an option of its own beside its target.

The lines of onnxsim 0.8.1 are its structured pruning with the same samples: of L2 norm, Wanda, and Wanda with its re-fit, at 30, 50 and 70 % of
the channels, the one that is nearest in parameters to ours (the best of several as near).
"""
HEAD = ("network", "run", "parameters", "MACs", "MB", "error", "agreement, %", "top-1, %", "latency, ms", "s", "peak MB")


def machine():
    """The processor's name where the system tells it."""
    try:
        with open("/proc/cpuinfo") as lines:
            name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.machine()
    return f" on {os.cpu_count()} processors ({name})"


def pair(values, unit=1, digits=2):
    before, after = (v / unit for v in values)
    return f"{before:.{digits}f} → {after:.{digits}f} ({100 * after / before:.0f} %)"


def row(o):
    """The cells of one outcome."""
    if o.small is None:
        return [o.network, o.target, o.message.replace("|", "/")] + ["–"] * 5 + ["–"] * 3
    top1 = f"{o.top1[0]:.2f} → {o.top1[1]:.2f}" if o.top1 else "–"
    agreement = "–" if o.agreement is None else f"{o.agreement:.2f}"
    run = [f"{o.seconds:.0f}" if o.seconds >= 10 else f"{o.seconds:.1f}", f"{o.memory / 1e6:.0f}"] if o.memory else ["–", "–"]
    return [o.network, o.target, pair(o.parameters, 1e6, 3), pair(o.macs, 1e6, 1), pair(o.bytes, 1e6), f"{o.error:.4f}", agreement, top1,
            pair([1e3 * t for t in o.latency]), *run]


def table(head, rows):
    return "\n".join(["| " + " | ".join(r) + " |" for r in (head, ["---"] * len(head), *rows)])


def write(path, outcomes, promises):
    """`outcomes` in order; `promises`: the lines of the table with pass and FAIL."""
    text = [ABOUT.format(machine=machine()), table(HEAD, map(row, outcomes)), "\n## What must hold\n",
            table(("network", "run", "measured", "must", ""), promises)]
    path.write_text("\n".join(text) + "\n")
