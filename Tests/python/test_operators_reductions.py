"""Every reduction with and without axes, in every type that ONNX Runtime computes, equals ONNX Runtime's."""
import pathlib, sys, unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from operator_cases import Cases, reference

NAMES = ("Sum", "Mean", "Prod", "Max", "Min", "L1", "L2", "SumSquare", "LogSum", "LogSumExp")


class Reductions(unittest.TestCase):
    def test_axes(self):
        rng = np.random.default_rng(7)
        with Cases() as cases:
            for dtype in (np.int32, np.float32, np.float64):
                x = rng.integers(1, 10, (2, 3, 2)).astype(dtype)
                # ONNX Runtime cuts off the terms of integer sums of exponentials; here only their result is.
                for name in NAMES if dtype != np.int32 else NAMES[:-1]:
                    for axes in ([1], [0, -1], [], None):
                        operand = None if axes is None else np.array(axes, np.int64)
                        for attributes in ({}, {"keepdims": 0}, {"noop_with_empty_axes": 1}):
                            cases.add("Reduce" + name, 18, [x, operand], constants=() if axes is None else (1,), **attributes)
            cases.run(self)

    def test_truth_values(self):
        x = np.array([[True, False], [False, False], [True, True]])
        with Cases() as cases:
            for name in ("ReduceMax", "ReduceMin"):
                for axes in ([0], [1], [-1, 0]):
                    cases.add(name, 20, [x, np.array(axes, np.int64)], constants=(1,), compute=reference)
            cases.run(self)


if __name__ == "__main__":
    unittest.main()
