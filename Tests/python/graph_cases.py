"""Cases in the layout of ONNX's backend tests, made on the fly and run by the hidden command `conformance`."""
import pathlib, tempfile, unittest

import onnxruntime
from onnx import helper

import program
from case_files import write_case

IR_VERSION = 10


class Cases(unittest.TestCase):
    """Collects models with inputs and wanted outputs; `check` runs them through the engine at once."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.count = 0

    def model(self, graph, opset):
        return helper.make_model(graph, ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", opset)])

    def reference(self, graph, opset, feeds):
        """What ONNX Runtime computes."""
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(self.model(graph, opset).SerializeToString(), options)
        return session.run(None, feeds)

    def add(self, graph, opset, **feeds):
        """A case whose outputs ONNX Runtime computes."""
        self.add_known(graph, opset, feeds, self.reference(graph, opset, feeds))

    def add_known(self, graph, opset, feeds, outputs):
        """A case with outputs that are known."""
        self.add_model(self.model(graph, opset), feeds, outputs)

    def add_model(self, model, feeds, outputs):
        """The same for a whole model."""
        names = [i.name for i in model.graph.input]
        write_case(pathlib.Path(self.folder.name) / f"case_{self.count}", model,
                   {names.index(name): array for name, array in feeds.items()}, outputs)
        self.count += 1

    def check(self, outcome="passed", mentions=""):
        """Every case comes out like this."""
        _, out, message = program.run("conformance", self.folder.name, "--all")
        lines = [line for line in out.splitlines() if not line.startswith("  hint") and "(opset" in line]
        self.assertEqual(len(lines), self.count, out + message)
        for line in lines:
            self.assertTrue(line.startswith(outcome) and mentions in line, line)
