"""Operators that take, put, order and select elements, and those on bits, equal ONNX Runtime's or the reference's."""
import itertools, pathlib, sys, unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from operator_cases import Cases, reference, runtime

SIGNED = (np.int8, np.int16, np.int32, np.int64)
UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)
FLOATS = (np.float16, np.float32, np.float64)


class Index(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(7)

    def draw(self, *shape, dtype=np.float32):
        if dtype == np.bool_:
            return self.rng.integers(0, 2, shape).astype(np.bool_)
        low = 0 if np.issubdtype(dtype, np.unsignedinteger) else -40
        return self.rng.integers(low, 40, shape).astype(dtype)

    def places(self, shape, length, dtype=np.int64):
        return self.rng.integers(-length, length, shape).astype(dtype)

    def test_gathering(self):
        with Cases() as cases:
            for dtype in (np.float32, np.float16, np.bool_, np.uint16, np.int64):
                x = self.draw(2, 3, 4, dtype=dtype)
                cases.add("GatherElements", 13, [x, self.places((2, 2, 4), 3)], axis=1)
                cases.add("GatherElements", 13, [x, self.places((1, 3, 6), 4, np.int32)], axis=-1)
                cases.add("GatherND", 12, [x, self.places((5, 2), 2)])
                cases.add("GatherND", 13, [x, self.places((2, 3, 1), 3)], batch_dims=1)
                cases.add("GatherND", 13, [x, self.places((2, 3, 1), 4)], batch_dims=2)
                cases.add("GatherND", 11, [x, self.places((2, 2, 3), 2)])
            cases.add("GatherND", 13, [self.draw(3, 4), np.zeros((0, 1), np.int64)])
            cases.run(self)

    def test_scattering(self):
        with Cases() as cases:
            x, where, new = self.draw(4, 3), self.places((2, 3), 4), self.draw(2, 3)
            cases.add("Scatter", 9, [x, np.array([[0, 1, 2], [2, 0, 1]]), new])
            for opset in (11, 13):
                cases.add("ScatterElements", opset, [x, np.array([[0, 1], [2, 0]], np.int32), self.draw(2, 2)], axis=1)
                cases.add("ScatterND", opset, [x, np.array([[1], [-1]]), self.draw(2, 3)])
            for dtype in (np.float16, np.float32, np.float64, np.int32, np.int64, np.int8, np.uint8, np.uint64):
                for opset, reduction in [(16, "add"), (16, "mul"), (18, "max"), (18, "min")]:
                    data, updates = self.draw(4, 3, dtype=dtype), self.draw(2, 3, dtype=dtype)
                    compute = reference if dtype == np.float16 else runtime
                    cases.add("ScatterElements", opset, [data, where, updates], compute=compute, reduction=reduction)
                    cases.add("ScatterND", opset, [data, np.array([[1], [1]]), updates], compute=reference,
                              reduction=reduction)
            cases.add("ScatterND", 18, [self.draw(2, 3, 4), self.places((5, 3), 2), self.draw(5)], reduction="add")
            cases.run(self)

    def test_ordering(self):
        with Cases() as cases:
            x = self.rng.permutation(60).reshape(3, 4, 5).astype(np.float32)
            cases.add("TopK", 1, [x], 2, axis=1, k=3)
            for opset, k in itertools.product((10, 11), (0, 1, 4)):
                cases.add("TopK", opset, [x, np.array([k])], 2, axis=1, constants=(1,))
            for dtype, largest in itertools.product(FLOATS + SIGNED + UNSIGNED, (0, 1)):
                cases.add("TopK", 24, [self.draw(2, 7, dtype=dtype), np.array([3])], 2, reference, (1,), largest=largest)
            for dtype in (np.float32, np.float64, np.int64, np.int8):
                for options in itertools.chain([dict()], [dict(axis=0)], [dict(axis=-1)]):
                    x = self.rng.integers(0, 2, (4, 3)).astype(dtype)
                    for order in (0, 1):
                        cases.add("Unique", 11, [x], 4, sorted=order, **options)
            for last, op in itertools.product((0, 1), ("ArgMax", "ArgMin")):
                for dtype in (np.float32, np.float64, np.int32, np.uint8, np.int8):
                    x = self.rng.integers(0, 3, (3, 4, 5)).astype(dtype)
                    cases.add(op, 13, [x], axis=-2, keepdims=last, select_last_index=last)
            cases.run(self)

    def test_selection(self):
        with Cases() as cases:
            for dtype in (np.float32, np.bool_, np.int64, np.int32, np.uint8):
                cases.add("NonZero", 13, [self.rng.integers(0, 2, (3, 1, 4)).astype(dtype)])
            cases.add("NonZero", 13, [np.zeros((3, 0), np.float32)])
            for dtype in (np.float32, np.bool_, np.float16, np.int64):
                x = self.draw(3, 4, dtype=dtype)
                cases.add("Compress", 11, [x, np.array([True, False, True])], axis=0, compute=reference)
                cases.add("Compress", 11, [x, np.array([False, True])], axis=-1, compute=reference)
                cases.add("Compress", 11, [x, np.array([False, True, True, False, True])], compute=reference)
            boxes, scores = self.rng.uniform(0, 1, (2, 20, 4)), self.rng.uniform(0, 1, (2, 3, 20))
            boxes, scores = boxes.astype(np.float32), scores.astype(np.float32)
            for centre, most, overlap, least in itertools.product((0, 1), (0, 3, 99), (0.0, 0.3), (None, 0.4)):
                operands = [np.array([most]), np.array([overlap], np.float32)]
                operands += [] if least is None else [np.array([least], np.float32)]
                cases.add("NonMaxSuppression", 11, [boxes, scores, *operands], center_point_box=centre)
            cases.add("NonMaxSuppression", 10, [boxes, scores, np.array([5])])
            cases.run(self)

    def test_patterns(self):
        with Cases() as cases:
            indices = np.array([[0, 7, -1], [-9, 2, 6]])
            for axis in (0, 1, -1, -2):
                for depth in (np.array([7]), np.array(7, np.int64)):
                    cases.add("OneHot", 11, [indices, depth, np.array([2, 5], np.int64)], axis=axis, constants=(1,))
            cases.add("OneHot", 11, [indices.astype(np.float32), np.array(7, np.float32), np.array([0, 1], np.float32)])
            cases.add("OneHot", 11, [indices.astype(np.int32), np.array(7, np.int32), np.array([0, 1], np.float32)])
            for k, kind in itertools.product((-9, -1, 0, 2, 9), (None, 1, 7, 11)):
                options = dict() if kind is None else dict(dtype=kind)
                cases.add("EyeLike", 9, [self.draw(3, 5)], k=k, **options)
                for upper in (0, 1):
                    cases.add("Trilu", 14, [self.draw(2, 3, 5), np.array(k, np.int64)], upper=upper)
            cases.add("Trilu", 14, [self.draw(4, 4, dtype=np.int64)])
            cases.add("Trilu", 14, [self.draw(0, 4, dtype=np.float64)])
            for dtype in (np.float32, np.int64, np.uint8):
                x = self.draw(4, 3, 2, dtype=dtype)
                cases.add("ReverseSequence", 10, [x, np.array([4, 1, 2])])
                cases.add("ReverseSequence", 10, [x, np.array([3, 1, 2, 1])], time_axis=1, batch_axis=0)
            cases.run(self)

    def test_bits(self):
        with Cases() as cases:
            for dtype in SIGNED + UNSIGNED:
                x, y = self.draw(3, 4, dtype=dtype), self.draw(4, dtype=dtype)
                for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
                    cases.add(op, 18, [x, y])
                cases.add("BitwiseNot", 18, [x])
                if dtype in UNSIGNED:
                    for direction in ("LEFT", "RIGHT"):
                        cases.add("BitShift", 11, [x, (y % 7).astype(dtype)], compute=reference, direction=direction)
            cases.run(self)


if __name__ == "__main__":
    unittest.main()
