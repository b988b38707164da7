"""What `inspect` says of networks: every layer with weights is named, in a group or with a reason, in lines that fit a terminal."""
import json, pathlib, tempfile, unittest
import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper
import program, structures_images, structures_sequences, structures_weights, widened, zoo

WIDTH = 120
LAYERS = {"Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN"}


def layers(model):
    """Labels of the nodes that hold weights and make units of their own: a depthwise convolution passes on what it reads."""
    rank = {t.name: len(t.dims) for t in model.graph.initializer}
    rank |= {n.output[0]: len(n.attribute[0].t.dims) for n in model.graph.node if n.op_type == "Constant"}
    return {n.name or n.output[0] for n in model.graph.node
            if n.op_type in LAYERS and any(rank.get(i, 0) > 1 for i in n.input)
            and not any(a.name == "group" and a.i > 1 for a in n.attribute)}


class Inspect(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def inspect(self, path, *options):
        code, text, message = program.run("inspect", path, *options)
        self.assertEqual(code, 0, message)
        self.assertFalse([line for line in text.splitlines()[1:] if len(line) > WIDTH])
        _, data, _ = program.run("inspect", path, "--json", *options)
        return json.loads(data), text, message

    def check(self, path):
        report, _, _ = self.inspect(path)
        named = {name for entry in report["groups"] + report["left_alone"] for name in entry["made_by"]}
        self.assertFalse(layers(onnx.load(path)) - named, "layers that nothing is said of")
        for entry in report["left_alone"]:
            self.assertTrue(all(reason["text"] for reason in entry["reasons"]) and entry["reasons"], entry)
        for group in report["groups"]:
            self.assertTrue(group["made_by"] and group["read_by"] + group["multiplied_by"] and group["axes"], group["name"])

    def test_structures(self):
        for module in (structures_images, structures_sequences, structures_weights):
            for builder in module.ALL:
                with self.subTest(builder.__name__):
                    path = self.folder / f"{builder.__name__}.onnx"
                    onnx.save(widened.build(builder)[0], path)
                    self.check(path)

    def test_networks(self):
        folders = program.SHARED / "models", program.SHARED / "zoo/models", zoo.CACHE
        paths = {p.stem: p for folder in folders for p in sorted(folder.glob("*.onnx"))}
        if not paths:
            self.skipTest("the reference networks are not there")
        for name, path in paths.items():
            with self.subTest(name):
                self.check(path)

    def model(self, nodes, shape, *weights):
        graph = helper.make_graph(
            nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], [numpy_helper.from_array(w, n) for n, w in weights])
        path = self.folder / "m.onnx"
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, path)
        return path

    def test_windows_that_do_not_fit(self):
        """Open axes are taken as large as the windows need."""
        ones = np.ones((4, 3, 3, 3), np.float32), np.ones((2, 4, 3, 3), np.float32)
        path = self.model(
            [helper.make_node("Conv", ["x", "a"], ["h"], name="first"),
             helper.make_node("AveragePool", ["h"], ["p"], kernel_shape=[8, 8]),
             helper.make_node("Conv", ["p", "b"], ["y"], name="second")],
            ["N", 3, "height", "width"], ("a", ones[0]), ("b", ones[1]))
        report, _, message = self.inspect(path)
        self.assertEqual([g["name"] for g in report["groups"]], ["first"])
        self.assertIn("taken as 16", message)

    def test_nothing_to_shrink(self):
        report, text, _ = self.inspect(self.model([helper.make_node("Relu", ["x"], ["y"])], ["N", 4]))
        self.assertEqual((report["groups"], report["left_alone"]), ([], []))
        self.assertIn("groups that can shrink\n  none\n", text)


if __name__ == "__main__":
    unittest.main()
