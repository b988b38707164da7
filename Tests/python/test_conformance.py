"""ONNX's own conformance cases pass, but for what is left out on purpose; skipped without Debian's libonnx-testdata."""
import json, pathlib, sys, tempfile, unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import conformance, program

CASES = pathlib.Path("/usr/share/libonnx-testdata/data")


@unittest.skipUnless(CASES.is_dir(), "libonnx-testdata is not installed: make conformance installs it")
class Conformance(unittest.TestCase):
    def test_cases(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "results.json"
            program.run("conformance", *sorted(p for p in CASES.iterdir() if p.is_dir()), "--json", out)
            results = json.loads(out.read_text())
        self.assertGreater(len(results), 1000)
        for result in results:
            if result["outcome"] != "passed":
                self.assertEqual(result["outcome"], "unsupported", result)
                self.assertTrue(any(reason in result["reason"] for reason in conformance.LEFT_OUT), result)


if __name__ == "__main__":
    unittest.main()
