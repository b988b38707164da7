"""Operators in element types other than float32 give what they give in float32, to the precision of the type."""
import pathlib, sys, unittest

import ml_dtypes
import numpy as np
from onnx import helper as h

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from graph_cases import Cases

FLOATS = [np.float16, ml_dtypes.bfloat16, np.float64]
INTEGERS = [np.int32, np.int64, np.uint32, np.uint64]


class Types(Cases):
    rng = np.random.default_rng(5)

    def graph(self, op, arrays, outputs, attributes, opset):
        types = {name: h.np_dtype_to_tensor_dtype(array.dtype) for name, array in arrays.items()}
        return h.make_graph(
            [h.make_node(op, list(arrays), [f"y{i}" for i in range(len(outputs))], **attributes)], "g",
            [h.make_tensor_value_info(name, t, arrays[name].shape) for name, t in types.items()],
            [h.make_tensor_value_info(f"y{i}", h.np_dtype_to_tensor_dtype(o.dtype), None)
             for i, o in enumerate(outputs)])

    def known(self, op, arrays, outputs, opset=17, **attributes):
        arrays = {f"x{i}": np.asarray(a) for i, a in enumerate(arrays)}
        outputs = [np.asarray(o) for o in outputs]
        self.add_known(self.graph(op, arrays, outputs, attributes, opset), opset, arrays, outputs)

    def floats(self, op, arrays, opset=17, outputs=1, plain=(), statistics=False, **attributes):
        """A case for each type of floats; operands `plain` keep their type."""
        for dtype in FLOATS:
            cast = [a if i in plain else np.asarray(a).astype(dtype) for i, a in enumerate(arrays)]
            wide = {f"x{i}": a if i in plain else a.astype(np.float32) for i, a in enumerate(cast)}
            single = [np.zeros(0, np.float32)] * outputs
            results = self.reference(self.graph(op, wide, single, attributes, opset), opset, wide)
            results = [r if statistics and i > 0 else r.astype(dtype) for i, r in enumerate(results)]
            self.known(op, cast, results, opset, **attributes)

    def normal(self, *shape):
        return self.rng.normal(size=shape)

    def test_floats(self):
        n = self.normal
        self.floats("MatMul", [n(2, 3, 4), n(2, 4, 5)])
        self.floats("MatMul", [n(4), n(4, 5)])
        self.floats("Gemm", [n(3, 2), n(4, 3), n(4)], transA=1, transB=1, alpha=0.5, beta=2.0)
        self.floats("Conv", [n(2, 4, 6, 5), n(6, 2, 3, 2), n(6)], group=2, strides=[2, 1], pads=[1, 0, 1, 1])
        self.floats("Conv", [n(1, 2, 7), n(3, 2, 3)], dilations=[2])
        self.floats("ConvTranspose", [n(2, 4, 3, 5), n(4, 3, 3, 2), n(6)], group=2, strides=[2, 1], pads=[1, 0, 1, 1])
        self.floats("Softmax", [n(3, 4)], axis=-1)
        self.floats("LogSoftmax", [n(3, 4)], opset=11)
        self.floats("PRelu", [n(2, 3, 4), n(3, 1)])
        self.floats("Clip", [n(3, 4), np.float64(-0.5), np.float64(0.5)])
        self.floats("GlobalAveragePool", [n(2, 3, 4)])
        self.floats("GlobalMaxPool", [n(2, 3, 4)])
        self.floats("LRN", [n(2, 5, 4, 2)], size=3, alpha=0.5, beta=0.6)
        self.floats("InstanceNormalization", [n(2, 3, 9), n(3), n(3)])
        self.floats("BatchNormalization", [n(2, 3, 4), n(3), n(3), n(3), n(3) ** 2])
        self.floats("LayerNormalization", [n(2, 3, 9), n(3, 9), n(3, 9)], axis=1, outputs=3, statistics=True)
        self.floats("LayerNormalization", [n(2, 3, 9), n(3, 1), n(1)], axis=1)
        self.floats("ReduceMean", [n(2, 3, 9)], axes=[1])
        self.floats("Min", [n(2, 3), n(3)])
        self.floats("MaxPool", [n(1, 2, 5, 6)], kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 0, 0])
        self.floats("AveragePool", [n(1, 2, 5, 6)], kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 0, 0])
        self.floats("ReduceLogSumExp", [n(2, 3, 9)], axes=[2], keepdims=0)
        self.floats("Mod", [n(2, 3), n(3)], fmod=1)
        self.floats("Pow", [np.abs(n(2, 3)), n(3)])
        for op in ("Abs", "Ceil", "Erf", "Exp", "Neg", "Sqrt", "Tanh", "Sign", "Sigmoid", "Softplus", "Elu", "HardSigmoid"):
            self.floats(op, [np.abs(n(2, 3))])
        self.floats("Pad", [n(2, 3)], opset=10, pads=[0, 1, 1, 0], value=0.5)
        self.check()

    def test_products_of_integers(self):
        for dtype in INTEGERS:
            a, b = (self.rng.integers(0, 9, size).astype(dtype) for size in ((2, 3, 4), (4, 5)))
            self.known("MatMul", [a, b], [a @ b])
            self.known("Gemm", [a[0], b, b[0]], [a[0] @ b + b[0]])
        self.check()

    def test_integers(self):
        for dtype in INTEGERS + [np.int8, np.int16, np.uint8, np.uint16]:
            top = np.iinfo(dtype).max
            a, b = np.array([1, 7, top, top - 3], dtype), np.array([3, 2, 5, top], dtype)
            self.known("Add", [a, b], [a + b])
            self.known("Mul", [a, b], [a * b])
            self.known("Div", [a, b], [a // b])
            self.known("Mod", [a, b], [a % b])
            self.known("Max", [a, b], [np.maximum(a, b)])
            self.known("Min", [a, b], [np.minimum(a, b)])
            self.known("Less", [a, b], [a < b])
            self.known("Equal", [a, b], [a == b])
            self.known("Abs", [a], [a])
            self.known("Sign", [a], [np.ones(4, dtype)])
            self.known("ArgMax", [a], [np.array([2])])
            self.known("ReduceMax", [a], [np.array([top], dtype)], keepdims=1)
            self.known("Clip", [a, dtype(2), dtype(9)], [np.clip(a, 2, 9)])
            self.known("Where", [a < b, a, b], [np.minimum(a, b)])
            if np.issubdtype(dtype, np.signedinteger):
                self.known("Neg", [a], [-a])
                self.known("Relu", [-a], [a * 0])
        for dtype in INTEGERS:
            a = np.array([[3, 4], [6, 8]], dtype)
            self.known("ReduceL2", [a], [np.array([5, 10], dtype)], axes=[1], keepdims=0)
            self.known("ReduceSum", [a, np.array([0])], [a.sum(0, keepdims=True).astype(dtype)])
        self.check()

    def test_operands_at_an_axis(self):
        a, b = self.normal(2, 3, 3).astype(np.float32), self.normal(3).astype(np.float32)
        for op, function in (("Add", np.add), ("Mul", np.multiply), ("Less", np.less)):
            self.known(op, [a, b], [function(a, b[:, None])], opset=6, broadcast=1, axis=1)
            self.known(op, [a, b], [function(a, b)], opset=6, broadcast=1)
        self.check()

    def test_powers_of_mixed_types(self):
        for base in (np.float32, np.float64, np.float16, np.int32, np.int64):
            for exponent in (np.float32, np.float64, np.int32, np.int64, np.uint8):
                a, b = np.array([1, 2, 3], base), np.array([0, 3, 2], exponent)
                self.known("Pow", [a, b], [np.array([1, 8, 9], base)])
        self.check()


if __name__ == "__main__":
    unittest.main()
