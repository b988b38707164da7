"""Contractions, running sums, Fourier transforms, windows, losses and normalisations equal ONNX Runtime's."""
import itertools, pathlib, sys, unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from operator_cases import Cases, reference


class Signal(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(6)

    def draw(self, *shape, dtype=np.float32):
        return self.rng.uniform(-1, 1, shape).astype(dtype)

    def test_einsum(self):
        equations = [("bij, bjk -> bik", [(2, 3, 4), (2, 4, 5)]), ("bhid,bhjd->bhij", [(2, 3, 4, 5), (2, 3, 6, 5)]),
                     ("...ij,...jk->...ik", [(2, 3, 4), (2, 4, 5)]), ("ij->ji", [(2, 3)]), ("ii->i", [(4, 4)]),
                     ("ii", [(4, 4)]), ("bii->b", [(2, 3, 3)]), ("i,i", [(5,), (5,)]), ("i,j->ij", [(3,), (4,)]),
                     ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]), ("ab,bc,ac->c", [(2, 3), (3, 4), (2, 4)]),
                     ("abc,adc->bd", [(2, 3, 4), (2, 5, 4)]), ("bxd,bd->bx", [(2, 3, 4), (2, 4)]),
                     ("...a,...->...a", [(2, 3, 4), (2, 3)]), ("ba,cb", [(3, 2), (4, 3)]), ("ij->", [(2, 3)])]
        with Cases() as cases:
            for (equation, shapes), dtype in itertools.product(equations, (np.float32, np.float64)):
                cases.add("Einsum", 12, [self.draw(*s, dtype=dtype) for s in shapes], equation=equation)
            for dtype in (np.int32, np.int64):
                cases.add("Einsum", 12, [self.rng.integers(-9, 9, (3, 4)).astype(dtype) for _ in range(2)],
                          equation="ij,kj->ik")
            cases.run(self)

    def test_running(self):
        with Cases() as cases:
            for axis, exclusive, reverse in itertools.product((0, 1, -1), (0, 1), (0, 1)):
                options = dict(exclusive=exclusive, reverse=reverse)
                for dtype in (np.float32, np.float64, np.int32, np.int64):
                    x = (self.draw(3, 4, 5) * 5).astype(dtype)
                    cases.add("CumSum", 14, [x, np.array(axis, np.int64)], **options)
                    cases.add("CumProd", 26, [x, np.array(axis, np.int64)], compute=reference, **options)
            cases.run(self)

    def test_fourier(self):
        with Cases() as cases:
            for parts, axis, length in itertools.product((1, 2), (1, 2), (None, 4, 7, 12)):
                x = self.draw(2, 5, 6, parts)
                size = [] if length is None else [np.array(length)]
                for options in [dict(), dict(inverse=1)][:parts] + [dict(onesided=1)][: 2 - parts]:
                    cases.add("DFT", 17, [x, *size], axis=axis, constants=range(1, 1 + len(size)),
                              precise=True, **options)
                    operands = [x, *(size or [None]), np.array(axis)]
                    cases.add("DFT", 20, operands, constants=[i for i in (1, 2) if operands[i] is not None],
                              precise=True, **options)
            half = self.draw(2, 4, 2)
            cases.add("DFT", 20, [half, None, np.array(1)], 1, reference, (2,), precise=True, inverse=1, onesided=1)
            cases.add("DFT", 20, [half, np.array(7), np.array(1)], 1, reference, (1, 2), precise=True, inverse=1, onesided=1)
            for onesided, window in itertools.product((0, 1), (None, self.draw(8))):
                cases.add("STFT", 17, [self.draw(2, 30, 1), np.array(3), window, np.array(8)], constants=(1, 3),
                          precise=True, onesided=onesided)
            cases.add("STFT", 17, [self.draw(2, 30, 2), np.array(5), self.draw(9)], constants=(1,), precise=True,
                      onesided=0)
            cases.run(self)

    def test_windows(self):
        with Cases() as cases:
            for name, size, periodic in itertools.product(("Hann", "Hamming", "Blackman"), (2, 7, 16), (0, 1)):
                cases.add(f"{name}Window", 17, [np.array(size)], constants=(0,), periodic=periodic)
            for bands, length, rate, low, high in ((8, 64, 8000, 0.0, 4000.0), (20, 512, 16000, 80.0, 7600.0)):
                operands = [np.array(bands), np.array(length), np.array(rate), np.float32(low), np.float32(high)]
                cases.add("MelWeightMatrix", 17, [np.asarray(x) for x in operands], constants=range(5))
            cases.run(self)

    def test_losses(self):
        with Cases() as cases:
            for shape, reduction, weighted in itertools.product(((4, 5), (2, 3, 4)), ("none", "sum", "mean"), (0, 1)):
                targets = self.rng.integers(0, shape[1], shape[:1] + shape[2:])
                weights = [np.abs(self.draw(shape[1]))] if weighted else []
                cases.add("NegativeLogLikelihoodLoss", 13, [self.draw(*shape), targets, *weights], reduction=reduction)
                targets.flat[0] = -1
                cases.add("SoftmaxCrossEntropyLoss", 13, [self.draw(*shape), targets, *weights], 2, reduction=reduction,
                          ignore_index=-1)
            cases.run(self)

    def test_normalisations(self):
        with Cases() as cases:
            for axis in (0, 1, -1):
                for opset in (11, 13):
                    cases.add("Hardmax", opset, [self.draw(2, 3, 4)], axis=axis)
                    for op, dtype in itertools.product(("Softmax", "LogSoftmax"), (np.float32, np.float64)):
                        cases.add(op, opset, [self.draw(2, 3, 40, dtype=dtype) * 30], axis=axis)
                for p in (1, 2):
                    cases.add("LpNormalization", 9, [self.draw(2, 3, 4)], axis=axis, p=p)
            cases.add("Softmax", 13, [self.draw(3, 50).astype(np.float16)], compute=reference)
            cases.add("MeanVarianceNormalization", 13, [self.draw(2, 3, 4, 5)])
            cases.add("MeanVarianceNormalization", 13, [self.draw(2, 3, 4)], axes=[1, 2])
            cases.add("Det", 11, [self.draw(2, 3, 5, 5)])
            cases.add("Det", 11, [self.draw(4, 4)])
            cases.run(self)


if __name__ == "__main__":
    unittest.main()
