"""How good the reduced reference networks are: one line a promise, measured in ONNX Runtime, with pass or FAIL; exit 1 where one fails.

usage: quality.py [--networks fm_mlp,efficientnet_lite0] [--peer PYTHON] [--page docs/results.md]

Needs the reference networks in ../shared (or under ONNX_SHRINK_SHARED); those of its zoo that are fetched lie in zoo-cache or under
ONNX_SHRINK_ZOO. What is not there is left out with a message. Statistics from samples for calibration (fm_calib_1024.npz, and what the zoo's
scripts make), figures from others, which the program never sees. `--peer` is a Python that has onnxsim; the page is written when every line of
the table was run.
"""
import argparse, json, pathlib, statistics, subprocess, sys, tempfile
import numpy as np, onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "fixtures")]
import measure, plant, program, results_page, targets, zoo

CALIB, DEV = (program.SHARED / "data" / name for name in ("fm_calib_1024.npz", "fm_dev_5000.npz"))
# Network: share of the parameters, and by how many points top-1 may fall below another network's top-1 (None: its own original).
SIZES = {"fm_mlp": (0.20, 0.8, None), "fm_lenet5": (0.25, 0.9, None), "fm_vgg": (0.25, 0.8, None), "fm_vgg_bn": (0.25, 0.5, "fm_vgg")}
NETWORKS = [*SIZES, *targets.PROMISES]
PEER, PEER_SECONDS = "onnxsim 0.8.1", 240
LATENCIES = 5  # repeated at most so often while the median says slower


class Lines:
    """The table, printed as it grows."""

    def __init__(self):
        self.failed, self.rows = 0, []
        print(f"| network | target | measured | must | |\n{'|---' * 5}|")

    def add(self, network, target, measured, must, passed):
        self.failed += not passed
        self.rows.append((network, target, measured, must, "pass" if passed else "FAIL"))
        print(f"| {' | '.join(self.rows[-1])} |", flush=True)


class Quality:
    def __init__(self, folder, peer=None):
        self.folder, self.lines, self.top1 = pathlib.Path(folder), Lines(), {}
        self.peer, self.outcomes = peer, []

    def model(self, name):
        return program.SHARED / f"models/{name}.onnx"

    def shrink(self, model, out, *options):
        """The file and the report, None for both where the program failed."""
        code, report = program.shrink(model, self.folder / out, CALIB, *options)
        return (self.folder / out, report) if code == 0 else (None, f"exit {code}: {report.get('message', 'target missed')}")

    def engine(self, name):
        """Every output of the original, as the program runs it, on all samples."""
        code, _, message = program.run("run", self.model(name), "--data", DEV, "--out", self.folder / "ours.npz")
        done = subprocess.run(
            [sys.executable, HERE / "compare_ort.py", self.model(name), self.folder / "ours.npz", "--data", DEV], capture_output=True, text=True)
        said = "; ".join(done.stdout.strip().splitlines()) if code == 0 else message.strip()
        self.lines.add(name, "run, 5,000 samples", said, "equals ONNX Runtime, rtol 1e-3, atol 1e-4", code == 0 and done.returncode == 0)

    def sound(self, original, small, data=DEV):
        done = subprocess.run([sys.executable, HERE / "check_model.py", original, small, "--data", data], capture_output=True, text=True)
        return done.returncode == 0

    def size(self, name):
        """The best network of a given size, and its repetitions."""
        share, points, reference = SIZES[name]
        target = ("--keep-params", f"{share:.2f}")
        small, report = self.shrink(self.model(name), "size.onnx", *target, "--threads", "2")
        if small is None:
            return self.lines.add(name, " ".join(target), report, "exit 0", False)
        found = measure.compare(self.model(name), small, DEV)
        (before, after), (own, now) = found["parameters"], found["top1"]
        self.top1[name] = now
        base = self.top1.get(reference, own)
        self.lines.add(
            name, " ".join(target),
            f"{100 * after / before:.1f} % of the parameters, error {found['error']:.4f}, agreement {found['agreement']:.2f} %, "
            f"top-1 {own:.2f} → {now:.2f} %",
            f"at most {100 * share:.0f} %, top-1 at most {points} under {base:.2f}",
            after <= share * before and now >= base - points - 1e-9 and self.sound(self.model(name), small))
        self.repeat(name, target, small, report)

    def repeat(self, name, target, small, report):
        again, _ = self.shrink(self.model(name), "again.onnx", *target, "--threads", "2")
        same = again is not None and again.read_bytes() == small.read_bytes()
        self.lines.add(name, "the same run twice", "same bytes" if same else "other bytes", "same bytes", same)
        single, alone = self.shrink(self.model(name), "single.onnx", *target, "--threads", "1")
        units = single is not None and program.kept_units(alone) == program.kept_units(report)
        difference = measure.largest_weight_difference(small, single) if single else float("inf")
        self.lines.add(
            name, "1 against 2 threads", f"{'same' if units else 'other'} units, weights differ by {difference:.1e}",
            "same units, 1e-4", units and difference <= 1e-4)

    def data(self, name):
        """Samples for statistics and for judging."""
        counts = targets.SAMPLES.get(name, (0, 0))
        return [zoo.samples(name, count, part) for count, part in zip(counts, ("calib", "dev"))]

    def outcome(self, name, target, small, data, **figures):
        """What ONNX Runtime makes of a result."""
        original = zoo.network(name)
        found = measure.compare(original, small, data)
        files = original, small
        o = targets.Outcome(
            name, target, original, small, sound=self.sound(original, small, data), parameters=found["parameters"], error=found["error"],
            agreement=found.get("agreement"), top1=found.get("top1"), macs=tuple(measure.macs(f, data) for f in files),
            bytes=tuple(f.stat().st_size for f in files), **figures)
        self.latency(o, data)
        return o

    def latency(self, o, data):
        """Medians of medians: repeated while the result seems slower than it may be, as other work on the machine makes it seem."""
        runs = []
        while len(runs) < LATENCIES and (not runs or statistics.median(r[2] for r in runs) > targets.SLOWER):
            runs.append(measure.latency(o.original, o.small, data))
        o.latency, o.slowdown = tuple(statistics.median(r[i] for r in runs) for i in (0, 1)), statistics.median(r[2] for r in runs)

    def reduce(self, name, *options):
        """One run of the program, measured; kept for the page."""
        calib, dev = self.data(name)
        label, small = " ".join(options) or "default", self.folder / f"{name}{len(self.outcomes)}.onnx"
        code, report, seconds, memory = program.measured(zoo.network(name), small, calib, *options)
        if code == 0:
            o = self.outcome(name, label, small, dev, report=report, seconds=seconds, memory=memory)
        else:
            said = report.get("message") or "target missed"
            o = targets.Outcome(name, label, zoo.network(name), message=f"exit {code}: {said.splitlines()[0]}", seconds=seconds, memory=memory)
        self.outcomes.append(o)
        return o

    def promise(self, name):
        """A line of the table of targets, then what the peer makes of it."""
        options, judges = targets.PROMISES.get(name) or (("--keep-params", f"{SIZES[name][0]:.2f}"), [])
        o = self.reduce(name, *options)
        if o.small is None:
            self.lines.add(name, o.target, o.message, "exit 0", False)
        for judge in judges if o.small else ():
            must, measured, passed = judge(o)
            self.lines.add(name, o.target, measured, must, passed and o.sound)
        if self.peer:
            self.outcomes.append(self.beside(o))

    def beside(self, o):
        """The peer's result that is nearest in parameters."""
        calib, dev = self.data(o.network)
        out = self.folder / f"peer-{o.network}"
        out.mkdir()
        results, said = self.ask_peer(o.original, calib, out)
        aim = o.ratio("parameters") if o.small else 0.5
        size = lambda r: measure.parameters(onnx.load(r["file"]).graph) / measure.parameters(onnx.load(o.original).graph)
        sizes = [(abs(size(r) - aim), r) for r in results if r["file"]]
        none = targets.Outcome(o.network, PEER, o.original)
        if not sizes:
            none.message = said or "finds nothing to prune: left as it was"
            return none
        nearest, outcomes = min(distance for distance, _ in sizes), []
        for result in (r for distance, r in sizes if distance <= nearest + 0.01):
            label = f"{PEER} {result['method']}, {100 * result['removed']:.0f} %"
            try:
                outcomes.append(self.outcome(o.network, label, pathlib.Path(result["file"]), dev))
            except Exception as error:  # its file does not load or run
                none.target, none.message = label, f"the result does not run: {str(error).splitlines()[0][:120]}"
        return min(outcomes, key=lambda p: p.error, default=none)

    def ask_peer(self, model, calib, out):
        """Its files, and what it complained of."""
        words = [self.peer, HERE / "peer.py", model, "--calib", calib, "--out", out]
        try:
            done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=PEER_SECONDS)
            text, said = done.stdout, "" if done.returncode == 0 else f"crashes: {(done.stderr.strip() or str(done.returncode)).splitlines()[-1][:120]}"
        except subprocess.TimeoutExpired as stopped:
            text, said = (stopped.stdout or b"").decode(), f"not done after {PEER_SECONDS} s"
        results = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return results, said or next((r["error"] for r in results if "error" in r), "")

    def default(self, name):
        o = self.reduce(name)
        if o.small is None:
            return self.lines.add(name, o.target, o.message, "exit 0", False)
        must, measured, passed = targets.never_worse(o)
        self.lines.add(name, o.target, measured, must, passed and o.sound)
        if name in SIZES:
            said = program.reported_error(o.report)
            self.lines.add(name, o.target, f"error {said:.4f} reported, {o.error:.4f} measured", "smaller, errors within 20 %",
                           o.parameters[1] < o.parameters[0] and abs(said - o.error) <= 0.2 * o.error)

    def lossless(self, name):
        """A network widened twofold without changing its function must come back."""
        original = onnx.load(self.model(name))
        with np.load(CALIB) as arrays:
            feeds = {original.graph.input[0].name: arrays[next(k for k in arrays.files if k != "label")]}
        planted, said = plant.plant(original, feeds)
        wide = self.folder / "planted.onnx"
        onnx.save(planted, wide)
        small, report = self.shrink(wide, "back.onnx", "--lossless")
        if small is None:
            return self.lines.add(name, "widened, --lossless", report, "exit 0", False)
        before = list(said["original"].values())
        after = [layer.width for layer in plant.read_chain(onnx.load(small))[:-1]]
        close = measure.compare(wide, small, DEV)["close"]
        self.lines.add(
            name, "widened, --lossless", f"{'-'.join(map(str, after))}, {'' if close else 'not '}allclose",
            f"{'-'.join(map(str, before))}, allclose",
            len(after) == len(before) and all(a <= b for a, b in zip(after, before)) and close and self.sound(wide, small))


def missing(name):
    """Whether a network or its samples are not there; says so."""
    counts = targets.SAMPLES.get(name, (0, 0))
    if zoo.network(name) and all(zoo.samples(name, count, part) for count, part in zip(counts, ("calib", "dev"))):
        return False
    print(f"{name} or its samples are not there: left out", flush=True)
    return True


def check_all(quality, names):
    """Every step for every network; they are in order of what they need: `size` tells the accuracy of networks that others are compared with."""
    for name in names:
        if name.startswith("fm_"):
            quality.engine(name)
    for name in names:
        for step in (quality.size, quality.lossless) if name in SIZES else ():
            step(name)
        for step in (quality.promise, quality.default):
            step(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", type=lambda text: text.split(","), default=NETWORKS)
    parser.add_argument("--peer", help="a Python that has onnxsim")
    parser.add_argument("--page", type=pathlib.Path, help="written when every network was there")
    options = parser.parse_args()
    if not DEV.exists():
        sys.exit(f"quality: the reference networks are not in {program.SHARED.name}/models; set ONNX_SHRINK_SHARED to their folder")
    names = [name for name in options.networks if not missing(name)]
    with tempfile.TemporaryDirectory() as folder:
        quality = Quality(folder, options.peer)
        check_all(quality, names)
    print("\n" + results_page.table(results_page.HEAD, map(results_page.row, quality.outcomes)))
    if options.page and options.peer and names == NETWORKS:
        results_page.write(options.page, quality.outcomes, quality.lines.rows)
    elif options.page:
        print(f"{options.page} is left as it is: not every line was run")
    print(f"\n{quality.lines.failed} failed")
    return 1 if quality.lines.failed else 0


if __name__ == "__main__":
    sys.exit(main())
