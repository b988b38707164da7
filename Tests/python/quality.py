"""How good the reduced reference networks are: one line a promise, measured in ONNX Runtime, with pass or FAIL; exit 1 where one fails.

usage: quality.py [--networks fm_mlp,fm_vgg]

Needs the reference networks in ../shared (or under ONNX_SHRINK_SHARED). Statistics from fm_calib_1024.npz, figures from the 5,000 images of
fm_dev_5000.npz, which the program never sees.
"""
import argparse, pathlib, subprocess, sys, tempfile
import numpy as np, onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "fixtures")]
import measure, plant, program

CALIB, DEV = (program.SHARED / "data" / name for name in ("fm_calib_1024.npz", "fm_dev_5000.npz"))
# Network: share of the parameters, and by how many points top-1 may fall below another network's top-1 (None: its own original).
SIZES = {"fm_mlp": (0.20, 0.8, None), "fm_lenet5": (0.25, 0.9, None), "fm_vgg": (0.25, 0.8, None), "fm_vgg_bn": (0.25, 0.5, "fm_vgg")}


class Lines:
    """The table, printed as it grows."""

    def __init__(self):
        self.failed = 0
        print(f"| network | target | measured | must | |\n{'|---' * 5}|")

    def add(self, network, target, measured, must, passed):
        self.failed += not passed
        print(f"| {network} | {target} | {measured} | {must} | {'pass' if passed else 'FAIL'} |", flush=True)


class Quality:
    def __init__(self, folder):
        self.folder, self.lines, self.top1 = pathlib.Path(folder), Lines(), {}

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

    def sound(self, original, small):
        done = subprocess.run([sys.executable, HERE / "check_model.py", original, small, "--data", DEV], capture_output=True, text=True)
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

    def default(self, name):
        small, report = self.shrink(self.model(name), "default.onnx")
        if small is None:
            return self.lines.add(name, "default", report, "exit 0", False)
        found = measure.compare(self.model(name), small, DEV)
        (before, after), said = found["parameters"], program.reported_error(report)
        self.lines.add(
            name, "default", f"{100 * after / before:.1f} % of the parameters, error {said:.4f} reported, {found['error']:.4f} measured, "
            f"top-1 {found['top1'][0]:.2f} → {found['top1'][1]:.2f} %", "smaller, errors within 20 %",
            after < before and abs(said - found["error"]) <= 0.2 * found["error"] and self.sound(self.model(name), small))

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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", type=lambda text: text.split(","), default=list(SIZES))
    names = parser.parse_args().networks
    if not DEV.exists():
        sys.exit(f"quality: the reference networks are not in {program.SHARED.name}/models; set ONNX_SHRINK_SHARED to their folder")
    with tempfile.TemporaryDirectory() as folder:
        quality = Quality(folder)
        for model in sorted((program.SHARED / "models").glob("fm_*.onnx")):
            quality.engine(model.stem)
        for step in (quality.size, quality.default, quality.lossless):
            for name in names:
                step(name)
    print(f"\n{quality.lines.failed} failed")
    return 1 if quality.lines.failed else 0


if __name__ == "__main__":
    sys.exit(main())
