"""Shapes, arithmetic, comparisons and reductions in every element type and form equal ONNX Runtime's or the reference's."""
import itertools, pathlib, sys, unittest

import numpy as np
from onnx import numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from operator_cases import Cases, reference

INTEGERS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
FLOATS = (np.float16, np.float32, np.float64)


class Basic(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(8)

    def draw(self, *shape, dtype=np.float32, low=-30, high=30):
        if dtype == np.bool_:
            return np.asarray(self.rng.integers(0, 2, shape)).astype(np.bool_)
        if np.issubdtype(dtype, np.unsignedinteger):
            low = max(low, 0)
        return np.asarray(self.rng.integers(low * 4, high * 4, shape) / 4).astype(dtype)

    def test_arithmetic(self):
        with Cases() as cases:
            for dtype in INTEGERS + FLOATS:
                a, b = self.draw(2, 3, 4, dtype=dtype), self.draw(3, 1, dtype=dtype, low=1)
                for op in ("Add", "Sub", "Mul", "Div"):
                    cases.add(op, 14, [a, b], compute=reference)
                if dtype in INTEGERS:
                    cases.add("Mod", 13, [a, b])
                cases.add("Mod", 13, [a, b], compute=reference, fmod=1)
                for op in ("Max", "Min"):
                    cases.add(op, 13, [a, b, self.draw(4, dtype=dtype)], compute=reference)
                for op in ("Equal", "Less", "GreaterOrEqual"):
                    cases.add(op, 19 if op == "Equal" else 16, [a, b], compute=reference)
            for base, power in itertools.product((np.int32, np.int64, np.float32, np.float64), repeat=2):
                x, y = self.draw(3, 4, dtype=base, low=1, high=6), self.draw(3, 4, dtype=power, low=0, high=5)
                cases.add("Pow", 15, [x, y])
            for dtype in (np.int32, np.int64):
                least = np.array([np.iinfo(dtype).min, -7, 7], dtype)
                cases.add("Mul", 14, [least, np.array([3], dtype)])
                cases.add("Mod", 13, [least[1:], np.array([-3, -3], dtype)])
            for op in ("Sum", "Mean"):
                for dtype in (np.float32, np.float64):
                    cases.add(op, 13, [self.draw(2, 3, dtype=dtype), self.draw(3, dtype=dtype), self.draw(dtype=dtype)],
                              compute=reference)
            cases.run(self)

    def test_reductions(self):
        names = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")
        with Cases() as cases:
            for name, dtype in itertools.product(names, (np.float32, np.float64, np.int32)):
                if dtype == np.int32 and name in ("LogSum", "LogSumExp", "L2", "Mean"):
                    continue
                x, op = self.draw(2, 3, 4, dtype=dtype, low=1, high=5), f"Reduce{name}"
                opset = 13 if name == "Sum" else 18
                cases.add(op, opset, [x, np.array([1, -1])], constants=(1,), keepdims=0)
                cases.add(op, opset, [x, np.array([0])], constants=(1,))
                cases.add(op, opset, [x])
                cases.add(op, 11, [x], axes=[-2])
            for name in names:
                x = self.draw(2, 3, low=1, high=5)
                for axes in (np.zeros(0, np.int64), None):
                    given = [x] if axes is None else [x, axes]
                    held = () if axes is None else (1,)
                    cases.add(f"Reduce{name}", 18 if name != "Sum" else 13, given, 1, reference, held)
            cases.add("ReduceSum", 13, [self.draw(2, 3), np.zeros(0, np.int64)], constants=(1,), noop_with_empty_axes=1)
            for name, dtype in itertools.product(("Max", "Min"), (np.bool_, np.int8, np.uint8, np.int64, np.float16)):
                cases.add(f"Reduce{name}", 20, [self.draw(2, 3, 4, dtype=dtype), np.array([1])], 1, reference, (1,))
            for name, dtype in itertools.product(("Sum", "Prod", "L1"), (np.uint32, np.uint64, np.int64)):
                x = self.draw(2, 3, 4, dtype=dtype, high=9)
                cases.add(f"Reduce{name}", 18 if name != "Sum" else 13, [x, np.array([1])], 1, reference, (1,))
            for name in ("Sum", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp"):
                cases.add(f"Reduce{name}", 18 if name != "Sum" else 13, [np.zeros((2, 0, 3), np.float32), np.array([1])],
                          1, reference, (1,))
            cases.run(self)

    def test_cutting(self):
        with Cases() as cases:
            x = self.draw(7, 2)
            cases.add("Split", 18, [x], 3, num_outputs=3)
            cases.add("Split", 18, [x], 4, num_outputs=4, axis=0)
            cases.add("Split", 13, [x, np.array([2, 0, 5])], 3, constants=(1,))
            cases.add("Split", 11, [x], 2, split=[3, 4])
            cases.add("Split", 2, [x], 2, axis=1)
            for kind in (np.int32, np.int64):
                ranges = [[5, 1], [-99, 0], [-2, -1], [-1, -3]]
                cases.add("Slice", 13, [self.draw(8, 5), *[np.array(r, kind) for r in ranges[:1] + ranges[1:2]],
                                        np.array([0, 1], kind), np.array([-2, -1], kind)], constants=(1, 2, 3, 4))
                cases.add("Slice", 11, [x, np.array([-3], kind), np.array([2 ** 31 - 1], kind), np.array([-2], kind)])
            far = np.iinfo(np.int64)
            cases.add("Slice", 13, [x, np.array([far.max]), np.array([far.min]), np.array([0]), np.array([-3])])
            cases.add("Slice", 13, [x, np.array([0]), np.array([far.max]), np.array([0]), np.array([far.max])])
            cases.add("Slice", 10, [x, np.array([4]), np.array([2])])
            cases.add("Slice", 9, [x], starts=[1, 0], ends=[-1, 99], axes=[0, 1])
            cases.add("Slice", 1, [x], starts=[1], ends=[3])
            cases.run(self)

    def test_shapes(self):
        with Cases() as cases:
            x = self.draw(2, 1, 3, 1)
            for start, end in itertools.product((-9, -2, 0, 1, 9), (None, -9, -1, 2, 9)):
                cases.add("Shape", 15, [x], start=start, **({} if end is None else {"end": end}))
            cases.add("Shape", 15, [np.array(1.0, np.float32)])
            cases.add("Size", 13, [x])
            for opset, axes in ((13, [1, -1]), (13, [3]), (21, [1])):
                cases.add("Squeeze", opset, [x, np.array(axes)], constants=(1,))
                cases.add("Unsqueeze", opset, [x, np.array(axes)], constants=(1,))
            cases.add("Squeeze", 13, [x])
            cases.add("Squeeze", 11, [x], axes=[1])
            cases.add("Unsqueeze", 11, [x], axes=[-1, 0])
            cases.add("Unsqueeze", 13, [np.array(2.0, np.float32), np.array([0, 1])], constants=(1,))
            for target in ([3, -1], [0, 0, -1], [6], [-1, 1]):
                cases.add("Reshape", 14, [x, np.array(target)], constants=(1,))
            cases.add("Reshape", 14, [np.zeros((0, 3), np.float32), np.array([3, 0])], constants=(1,), allowzero=1)
            cases.add("Reshape", 14, [np.zeros((0, 3), np.float32), np.array([0, 3, 1])], constants=(1,))
            cases.add("Reshape", 14, [np.ones((1, 1), np.float32), np.zeros(0, np.int64)], constants=(1,))
            for shape in ([2, 3, 4], [1], [3, 1], [0]):
                small = self.draw(3, 1) if 0 not in shape else self.draw(1)
                cases.add("Expand", 13, [small, np.array(shape)], constants=(1,))
            cases.add("Tile", 13, [self.draw(2, 3), np.array([2, 0])], constants=(1,))
            cases.add("Tile", 13, [self.draw(2, 3, dtype=np.bool_), np.array([2, 3])], constants=(1,))
            cases.add("Concat", 13, [self.draw(2, 3), self.draw(2, 0), self.draw(2, 1)], axis=-1)
            cases.run(self)

    def test_making(self):
        with Cases() as cases:
            for dtype in INTEGERS + FLOATS + (np.bool_,):
                value = numpy_helper.from_array(np.array([1], dtype))
                cases.add("ConstantOfShape", 9, [np.array([2, 0, 3])], constants=(0,), value=value)
                cases.add("ConstantOfShape", 20, [np.array([2, 3])], constants=(0,), value=value)
            cases.add("ConstantOfShape", 9, [np.zeros(0, np.int64)], constants=(0,))
            for dtype in (np.float32, np.float64, np.int16, np.int32, np.int64):
                for bounds in ((1, 9, 3), (9, -1, -4), (3, 3, 1), (3, 9, -1)):
                    cases.add("Range", 11, [np.array(b, dtype) for b in bounds], constants=range(3))
            for shift in (0.1, 0.3):
                bounds = [np.array(b, np.float32) for b in (0, 2, shift)]
                cases.add("Range", 11, bounds, constants=range(3))
            cases.add("Constant", 13, [], value_ints=[1, -2])
            cases.add("Constant", 13, [], value_floats=[1.5])
            cases.add("Constant", 13, [], value_int=3)
            for dtype in FLOATS:
                odd = np.array([np.nan, np.inf, -np.inf, 0], dtype)
                cases.add("IsNaN", 20, [odd])
                for negative, positive in itertools.product((0, 1), repeat=2):
                    cases.add("IsInf", 20, [odd], detect_negative=negative, detect_positive=positive)
            for dtype in INTEGERS + FLOATS + (np.bool_,):
                condition = self.draw(3, 1, dtype=np.bool_)
                cases.add("Where", 16, [condition, self.draw(2, 1, 4, dtype=dtype), self.draw(dtype=dtype)],
                          compute=reference)
            cases.run(self)

    def test_old_forms(self):
        with Cases() as cases:
            a = self.draw(2, 3, 4, low=1)
            functions = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Less": np.less,
                         "Greater": np.greater, "Pow": np.power}
            for (op, function), lead in itertools.product(functions.items(), (0, 1)):
                b = self.draw(*(3, 4)[:2 - lead], low=1, high=4)
                wanted = function(a, b.reshape((3, 4) if lead == 0 else (3, 1)))
                attributes = {"axis": 1} if lead else {}
                cases.add(op, 6, [a, b], compute=lambda *_: [wanted], broadcast=1, **attributes)
            cases.run(self)


if __name__ == "__main__":
    unittest.main()
