"""Quantised operators equal ONNX Runtime's, or the reference's where it has no kernel."""
import itertools, pathlib, sys, unittest

import ml_dtypes
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from operator_cases import Cases, reference


class Quantized(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(8)

    def draw(self, *shape, dtype=np.float32):
        return self.rng.uniform(-1, 1, shape).astype(dtype)

    def bytes(self, dtype, *shape):
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        return np.asarray(self.rng.integers(low, high, shape, endpoint=True), dtype)

    def scale(self, *shape):
        return np.asarray(self.rng.uniform(0.01, 0.1, shape), np.float32)

    def test_linear_quantization(self):
        with Cases() as cases:
            for dtype, opset in ((np.uint8, 10), (np.int8, 13), (np.int16, 21), (np.uint16, 21)):
                x = self.draw(3, 4, 5) * 20
                cases.add("QuantizeLinear", opset, [x, self.scale(), self.bytes(dtype)])
                cases.add("DequantizeLinear", opset, [self.bytes(dtype, 3, 4, 5), self.scale(), self.bytes(dtype)])
                for axis, length in ((1, 4), (-1, 5)) if opset > 10 else ():
                    shift, scale = self.bytes(dtype, length), self.scale(length)
                    cases.add("QuantizeLinear", opset, [x, scale, shift], axis=axis)
                    cases.add("DequantizeLinear", opset, [self.bytes(dtype, 3, 4, 5), scale, shift], axis=axis)
                if opset == 21:
                    shift, scale = self.bytes(dtype, 3, 2, 5), self.scale(3, 2, 5)
                    for operator, data in (("QuantizeLinear", x), ("DequantizeLinear", self.bytes(dtype, 3, 4, 5))):
                        cases.add(operator, 21, [data, scale, shift], axis=1, block_size=2)
                        cases.add(operator, 21, [data, scale, shift], 1, reference, axis=1, block_size=3)
            cases.add("DynamicQuantizeLinear", 11, [self.draw(3, 4)], 3)
            cases.add("DynamicQuantizeLinear", 11, [np.abs(self.draw(3, 4)) + 1], 3)
            cases.run(self)

    def test_small_types(self):
        with Cases() as cases:
            floats = ("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz")
            for name in floats + ("int4", "uint4", "float4_e2m1fn"):
                dtype = getattr(ml_dtypes, name)
                x = self.draw(3, 5) * 100
                for saturates in (0, 1) if name in floats else (1,):
                    cases.add("QuantizeLinear", 23, [x, self.scale(), np.zeros((), dtype)], 1, reference,
                              saturate=saturates)
                if name in floats:
                    codes = np.arange(256, dtype=np.uint8).view(dtype)
                    cases.add("DequantizeLinear", 23, [codes[np.isfinite(codes.astype(np.float32))], self.scale()], 1,
                              reference)
                else:
                    cases.add("DequantizeLinear", 23, [x.astype(dtype), self.scale()], 1, reference)
            cases.run(self)

    def test_products(self):
        with Cases() as cases:
            for a, b in ((np.uint8, np.uint8), (np.uint8, np.int8), (np.int8, np.int8)):
                for left, right in (((3, 700), (700, 4)), ((2, 3, 5), (5, 4)), ((2, 1, 3, 5), (4, 5, 2))):
                    operands = [self.bytes(a, *left), self.bytes(b, *right)]
                    cases.add("MatMulInteger", 10, operands)
                    cases.add("MatMulInteger", 10, [*operands, self.bytes(a), self.bytes(b, right[-1])], 1, reference)
                    cases.add("QLinearMatMul", 10,
                              [operands[0], self.scale(), self.bytes(a), operands[1], self.scale(), self.bytes(b),
                               np.asarray(self.scale() * 100), self.bytes(a)])
            cases.run(self)

    def test_convolutions(self):
        forms = [((2, 4, 7, 8), (6, 4, 3, 3), dict()), ((1, 4, 7, 8), (6, 2, 3, 2), dict(group=2, pads=(1, 0, 2, 1))),
                 ((1, 6, 9), (6, 1, 3), dict(group=6, strides=(2,))),
                 ((1, 3, 7, 8), (4, 3, 3, 3), dict(auto_pad="SAME_UPPER")),
                 ((1, 40, 5, 5), (3, 40, 3, 3), dict(dilations=(2, 2)))]
        with Cases() as cases:
            for (image, weight, form), kind in itertools.product(forms, (np.uint8, np.int8)):
                x, w = self.bytes(np.uint8, *image), self.bytes(kind, *weight)
                if kind == np.uint8:
                    cases.add("ConvInteger", 10, [x, w, self.bytes(np.uint8), self.bytes(kind)], **form)
                shift = np.zeros(weight[0], kind) if kind == np.int8 else self.bytes(kind)
                scale = self.scale(weight[0]) if kind == np.int8 else self.scale()
                bias = self.rng.integers(-9000, 9000, weight[0]).astype(np.int32)
                operands = [x, self.scale(), self.bytes(np.uint8), w, scale, shift, np.float32(0.9), np.uint8(120)]
                cases.add("QLinearConv", 10, [np.asarray(o) for o in operands + [bias]], **form)
            cases.run(self)


if __name__ == "__main__":
    unittest.main()
