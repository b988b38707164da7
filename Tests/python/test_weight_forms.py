"""Networks that hold their weights quantised or in half precision shrink, keep the form, and never grow."""
import pathlib, tempfile, unittest
import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper
import measure, program

MODELS, DATA = program.FIXTURES / "models", program.FIXTURES / "data"
CALIB, DEV = DATA / "demo_calib.bin", DATA / "demo_dev.npz"
LAYERS = ("Conv", "Gemm", "MatMul")


def stored(path, form):
    """The model with the weights of its layers held by `form`, which is given a name, numbers and the axis of the outputs."""
    model = onnx.load(path)
    graph, weights, nodes = model.graph, [], []
    readers = {n.input[1]: n for n in graph.node if n.op_type in LAYERS}
    for tensor in graph.initializer:
        reader = readers.get(tensor.name)
        if reader is None:
            weights.append(tensor)
            continue
        last = reader.op_type == "MatMul" or reader.op_type == "Gemm" and not any(a.name == "transB" and a.i for a in reader.attribute)
        own, node = form(tensor.name, numpy_helper.to_array(tensor), len(tensor.dims) - 1 if last else 0)
        weights += own
        nodes.append(node)
    nodes += graph.node
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(weights), graph.node.extend(nodes)
    onnx.checker.check_model(model, full_check=True)
    return model


def int8(name, numbers, axis, scale_of=None):
    others = tuple(a for a in range(numbers.ndim) if a != axis)
    scale = np.abs(numbers).max(axis=others if scale_of is None else scale_of, keepdims=True) / 127
    codes, step = numpy_helper.from_array(np.round(numbers / scale).astype(np.int8), name + "_codes"), scale.astype(np.float32)
    step = numpy_helper.from_array(step.reshape(() if scale.size == 1 else -1), name + "_scale")
    return [codes, step], helper.make_node("DequantizeLinear", [codes.name, step.name], [name], axis=axis)


def int8_tensor(name, numbers, axis):
    return int8(name, numbers, axis, scale_of=tuple(range(numbers.ndim)))


def uint8(name, numbers, axis):
    """With a zero point that is not in the middle."""
    low, high = min(numbers.min(), 0), max(numbers.max(), 0)
    scale = np.float32((high - low) / 255)
    zero = np.uint8(round(-low / scale))
    codes = np.clip(np.round(numbers / scale) + zero, 0, 255).astype(np.uint8)
    own = [numpy_helper.from_array(np.asarray(a), f"{name}_{word}") for word, a in (("codes", codes), ("scale", scale), ("zero", zero))]
    return own, helper.make_node("DequantizeLinear", [t.name for t in own], [name])


def half(name, numbers, axis):
    own = numpy_helper.from_array(numbers.astype(np.float16), name + "_half")
    return [own], helper.make_node("Cast", [own.name], [name], to=TensorProto.FLOAT)


class WeightForms(unittest.TestCase):
    FORMS = {int8: TensorProto.INT8, int8_tensor: TensorProto.INT8, uint8: TensorProto.UINT8, half: TensorProto.FLOAT16}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def shrink(self, form, *options):
        model, small = self.folder / "model.onnx", self.folder / "small.onnx"
        onnx.save(stored(MODELS / "demo.onnx", form), model)
        code, report = program.shrink(model, small, CALIB, *options)
        self.assertEqual(code, 0, report.get("message"))
        self.assertLessEqual(small.stat().st_size, model.stat().st_size)
        onnx.checker.check_model(str(small), full_check=True)
        return model, small, report

    def test_half_the_parameters(self):
        for form, kind in self.FORMS.items():
            with self.subTest(form.__name__):
                model, small, report = self.shrink(form, "--keep-params", "0.5")
                self.assertLess(small.stat().st_size, 0.7 * model.stat().st_size)
                before, after = ([t for t in onnx.load(p).graph.initializer if t.data_type == kind and len(t.dims) > 1] for p in (model, small))
                self.assertEqual(len(after), len(before), "weights have left the form in which they were held")
                told = report["weight_forms"]
                self.assertTrue(told)
                self.assertLessEqual({f["weight"] for f in told}, {t.name for t in before})
                self.assertEqual({f["written"] for f in told}, {f["stored"] + ", rounded" for f in told})
                self.assertLess(measure.compare(model, small, DEV)["error"], 0.3)

    def test_default_target(self):
        for form in self.FORMS:
            with self.subTest(form.__name__):
                model, small, report = self.shrink(form)
                self.assertLessEqual(program.reported_error(report), 0.05)
                self.assertLess(small.stat().st_size, model.stat().st_size)

    def test_lossless(self):
        """Nothing to remove: the file stays as it was, its forms with it."""
        for form, kind in self.FORMS.items():
            with self.subTest(form.__name__):
                model, small, report = self.shrink(form, "--lossless")
                count = lambda p: sum(t.data_type == kind for t in onnx.load(p).graph.initializer)
                self.assertEqual(count(small), count(model))
                self.assertEqual(report["weight_forms"], [])


if __name__ == "__main__":
    unittest.main()
