"""Every output of real networks equals ONNX Runtime's: the engine against the reference, on real inputs.

The fixture networks always; the reference networks and the zoo where the folder of large models stands beside the
package (../shared, or ONNX_SHRINK_SHARED). ONNX_SHRINK_BINARY names another program than the newest one built here.
"""
import pathlib, subprocess, sys, tempfile, unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import program
from program import FIXTURES, SHARED


class Engine(unittest.TestCase):
    def check(self, model, data, count):
        with tempfile.TemporaryDirectory() as folder:
            ours = pathlib.Path(folder) / "ours.npz"
            code, _, message = program.run("run", model, "--data", data, "--samples", count, "--out", ours)
            self.assertEqual(code, 0, message)
            compared = subprocess.run(
                [sys.executable, HERE / "compare_ort.py", model, ours, "--data", data, "--limit", str(count)],
                capture_output=True, text=True)
            self.assertEqual(compared.returncode, 0, f"{model.name}: {compared.stdout}{compared.stderr}")
            self.assertIn("ok", compared.stdout)

    def test_fixture_networks(self):
        for name in ("demo", "demo_bn", "demo_planted", "tiny"):
            with self.subTest(name):
                self.check(FIXTURES / f"models/{name}.onnx", FIXTURES / "data/demo_dev.npz", 128)

    def test_reference_networks(self):
        models = sorted((SHARED / "models").glob("fm_*.onnx"))
        if not models:
            self.skipTest(f"the reference networks are not in {SHARED.name}/models")
        for model in models:
            with self.subTest(model.name):
                self.check(model, SHARED / "data/fm_dev_5000.npz", 1000 if program.binary()[1] else 250)

    def test_zoo(self):
        if not (SHARED / "zoo/inputs.py").exists():
            self.skipTest(f"the zoo is not in {SHARED.name}/zoo")
        for name, count in (("efficientnet_lite0", 16), ("crepe_tiny", 256)):
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                data = pathlib.Path(folder) / "dev.npz"
                subprocess.run(
                    [sys.executable, SHARED / "zoo/inputs.py", name, "--part", "dev", "--count", str(count), "--out", data],
                    check=True, capture_output=True)
                self.check(SHARED / f"zoo/models/{name}.onnx", data, count)


if __name__ == "__main__":
    unittest.main()
