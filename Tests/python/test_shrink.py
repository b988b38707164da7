"""What a reduction promises, shown on the fixture networks by onnx.checker and ONNX Runtime, on every build."""
import pathlib, subprocess, sys, tempfile, unittest
import numpy as np, onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "fixtures")]
import measure, plant, program, samples

MODELS, DATA = program.FIXTURES / "models", program.FIXTURES / "data"
CALIB, DEV = DATA / "demo_calib.bin", DATA / "demo_dev.npz"
NETWORKS = ("demo", "demo_bn", "tiny")


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def shrink(self, model, *options, out="out.onnx"):
        """The file written and the report; the run must succeed."""
        code, report = program.shrink(MODELS / model, self.folder / out, CALIB, *options)
        self.assertEqual(code, 0, report.get("message"))
        return self.folder / out, report


class Results(Case):
    def check_sound(self, model, small):
        """full_check, the same interface, every output runs, and at any batch size where the batch axis is symbolic."""
        done = subprocess.run([sys.executable, HERE / "check_model.py", MODELS / model, small, "--data", DEV], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for value in (*onnx.load(small).graph.input, *onnx.load(small).graph.output):
            self.assertNotEqual(value.type.tensor_type.shape.dim[0].dim_param, "", f"the batch axis of {value.name} is no longer dynamic")
        session = samples.session(str(small))
        for batch in (1, 3, 70):
            feed = {"image": np.load(DEV)["image"][:batch]}
            self.assertEqual([len(y) for y in session.run(None, feed)], [batch] * len(session.get_outputs()))

    def test_targets(self):
        for name in NETWORKS:
            for target in ((), ("--keep-params", "0.5")):
                with self.subTest(name, target=target):
                    model = f"{name}.onnx"
                    small, report = self.shrink(model, *target, "--verify-data", DEV)
                    self.check_sound(model, small)
                    found = measure.compare(MODELS / model, small, DEV)
                    before, after = found["parameters"]
                    self.assertLess(after, before)
                    size = report["verdict"]["size"]
                    self.assertEqual((size["original"]["parameters"], size["candidate"]["parameters"]), (before, after))
                    self.assertLessEqual(abs(program.reported_error(report) - found["error"]), 0.01 * found["error"] + 1e-6)
                    self.assertLessEqual(abs(report["verdict"]["outputs"][0]["agreement"] - found["agreement"]), 0.1)
                    self.assertLess(abs(report["verdict"]["accuracy"]["candidate"] - found["top1"][1]), 0.1)
                    if target:
                        self.assertLessEqual(after, before / 2)
                    else:
                        self.assertLessEqual(program.reported_error(report), 0.05)
                        self.assertGreater(found["top1"][1], found["top1"][0] - 1)

    def test_error_on_held_out_samples_is_that_on_others(self):
        for name in NETWORKS:
            with self.subTest(name):
                small, report = self.shrink(f"{name}.onnx")
                found = measure.compare(MODELS / f"{name}.onnx", small, DEV)["error"]
                self.assertLess(abs(program.reported_error(report) - found), 0.2 * found)


class Lossless(Case):
    def test_widened_networks_come_back(self):
        for name in NETWORKS:
            with self.subTest(name):
                small, _ = self.shrink(f"{name}_planted.onnx", "--lossless")
                widths = [[layer.width for layer in plant.read_chain(onnx.load(p))] for p in (MODELS / f"{name}.onnx", small)]
                self.assertTrue(all(after <= before for before, after in zip(*widths)), f"widths {widths[1]}, once {widths[0]}")
                self.assertTrue(measure.compare(MODELS / f"{name}_planted.onnx", small, DEV)["close"])


class Repetition(Case):
    def test_same_bytes_and_same_units_with_other_threads(self):
        for name in NETWORKS:
            with self.subTest(name):
                options = ("--keep-params", "0.4", "--threads")
                first, report = self.shrink(f"{name}.onnx", *options, "2", out="first.onnx")
                second, _ = self.shrink(f"{name}.onnx", *options, "2", out="second.onnx")
                self.assertEqual(first.read_bytes(), second.read_bytes())
                single, alone = self.shrink(f"{name}.onnx", *options, "1", out="single.onnx")
                self.assertEqual(program.kept_units(report), program.kept_units(alone))
                self.assertLess(measure.largest_weight_difference(first, single), 1e-4)


if __name__ == "__main__":
    unittest.main()
