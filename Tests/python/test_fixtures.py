"""What the fixtures promise, and that the checking scripts tell good from bad."""
import contextlib, io, json, pathlib, subprocess, sys, tempfile, unittest
import numpy as np, onnx

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parents[1] / "fixtures"
MODELS, DATA = FIXTURES / "models", FIXTURES / "data"
sys.path[:0] = [str(HERE), str(FIXTURES)]
import plant, samples


def script(name, *arguments):
    done = subprocess.run([sys.executable, str(HERE / name), *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout


def outputs(model, data):
    session = samples.session(str(MODELS / model))
    return samples.run(session, samples.data_for(session, str(DATA / data)), 10 ** 9)


class Fixtures(unittest.TestCase):
    def test_all_together_are_small(self):
        total = sum(p.stat().st_size for p in FIXTURES.rglob("*") if p.is_file())
        self.assertLess(total, 5e6)
        self.assertLess((MODELS / "demo.onnx").stat().st_size, 400e3)

    def test_trained_networks_are_right(self):
        label = np.load(DATA / "demo_dev.npz")["label"]
        for model in ("demo.onnx", "demo_bn.onnx", "tiny.onnx", "demo_planted.onnx", "demo_bn_planted.onnx", "tiny_planted.onnx"):
            with self.subTest(model):
                self.assertGreater((outputs(model, "demo_dev.npz")["logits"].argmax(1) == label).mean(), 0.9)

    def test_outputs_are_the_recorded_ones(self):
        for name in ("demo", "demo_bn", "tiny"):
            with self.subTest(name):
                expected = np.load(DATA / f"{name}_expected.npz")["logits"]
                np.testing.assert_allclose(outputs(f"{name}.onnx", "demo_calib.bin")["logits"][:64], expected, 1e-4, 1e-5)

    def test_widened_networks_are_the_same_function(self):
        for name in ("demo", "demo_bn", "tiny"):
            with self.subTest(name):
                before, after = (outputs(f"{name}{s}.onnx", "demo_dev.npz")["logits"] for s in ("", "_planted"))
                np.testing.assert_allclose(after, before, 1e-4, 1e-5)

    def test_storage_forms_are_the_same_function(self):
        expected = outputs("two_layers.onnx", "two_p.bin")["y"]
        for name in ("ir3", "constant_weights", "fixed_batch", "external_good"):
            with self.subTest(name):
                np.testing.assert_allclose(outputs(f"{name}.onnx", "two_p.bin")["y"], expected, 1e-5, 1e-6)


class Planting(unittest.TestCase):
    def test_every_kind_and_width(self):
        model = onnx.load(MODELS / "demo.onnx")
        widened, report = plant.plant(model, {"image": np.load(DATA / "demo_dev.npz")["image"]}, factor=3, seed=7)
        self.assertTrue(report["same"])
        self.assertEqual({k: 3 * v for k, v in report["original"].items()}, report["widened"])
        for counts in report["planted"].values():
            self.assertGreater(min(counts["dead"], counts["constant"], counts["duplicate"]), 0)
        self.assertGreater(report["planted"]["gemm1"]["always-on"], 0)
        self.assertEqual(report["planted"]["conv1"]["always-on"], 0)
        self.assertEqual(len(widened.graph.node), len(model.graph.node))

    def test_refuses_what_is_no_chain(self):
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            plant.read_chain(onnx.load(MODELS / "two_inputs.onnx"))


class Comparing(unittest.TestCase):
    def compare(self, **arrays):
        with tempfile.TemporaryDirectory() as folder:
            ours = pathlib.Path(folder) / "ours.npz"
            np.savez(ours, **arrays)
            return script("compare_ort.py", MODELS / "tiny.onnx", ours, "--data", DATA / "demo_calib.bin", "--limit", 64)

    def test_compare_ort(self):
        expected = np.load(DATA / "tiny_expected.npz")["logits"]
        spoilt = expected.copy()
        spoilt[3, 4] += 0.1
        self.assertEqual(self.compare(logits=expected)[0], 0)
        cases = {"value": {"logits": spoilt}, "nan": {"logits": np.where(expected == expected[3, 4], np.nan, expected)},
                 "shape": {"logits": expected[:-1]}, "name": {"scores": expected}, "type": {"logits": expected.astype(np.float64)},
                 "more": {"logits": expected, "more": expected}}
        for name, arrays in cases.items():
            with self.subTest(name):
                code, text = self.compare(**arrays)
                self.assertEqual(code, 1)
                self.assertIn("BAD", text)

    def test_check_model(self):
        good = script("check_model.py", MODELS / "tiny_planted.onnx", MODELS / "tiny.onnx", "--data", DATA / "demo_dev.npz")
        self.assertEqual(good[0], 0, good[1])
        changed = script("check_model.py", MODELS / "two_layers.onnx", MODELS / "fixed_batch.onnx")
        self.assertEqual(changed[0], 1)
        self.assertIn("original", json.loads(changed[1])["interface"])
        broken = script("check_model.py", MODELS / "two_layers.onnx", MODELS / "missing_initializer.onnx")
        self.assertEqual(broken[0], 1)


if __name__ == "__main__":
    unittest.main()
