"""Operators of the domain com.microsoft, which ONNX Runtime puts into files that it optimises, equal the runtime's."""
import itertools, pathlib, sys, unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from operator_cases import Cases

BATCH, QUERIES, KEYS, HEADS, WIDTH, VALUE_WIDTH, PAST = 2, 3, 5, 2, 4, 6, 2


class Contributed(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(6)

    def draw(self, *shape):
        return self.rng.uniform(-1, 1, shape).astype(np.float32)

    def add(self, cases, op, inputs, outputs=1, **attributes):
        while inputs[-1] is None:
            inputs = inputs[:-1]
        cases.add(op, 17, inputs, outputs, domain="com.microsoft", **attributes)

    def masks(self, queries, keys):
        """No mask, lengths, one number a key, one number a query and key."""
        return [None, np.array([keys, keys - 1], np.int32),
                np.array([[1] * keys, [1] * (keys - 2) + [0, 1]], np.int32),
                (self.rng.random((BATCH, queries, keys)) < 0.7).astype(np.int32)]

    def test_multi_head_attention(self):
        with Cases() as cases:
            for mask, bias, summand in itertools.product(range(4), (0, 1), (None, (1, HEADS), (BATCH, 1))):
                operands = [self.draw(BATCH, QUERIES, HEADS * WIDTH), self.draw(BATCH, KEYS, HEADS * WIDTH),
                            self.draw(BATCH, KEYS, HEADS * VALUE_WIDTH),
                            self.draw(HEADS * (2 * WIDTH + VALUE_WIDTH)) if bias else None,
                            self.masks(QUERIES, KEYS)[mask], summand and self.draw(*summand, QUERIES, KEYS)]
                self.add(cases, "MultiHeadAttention", operands, num_heads=HEADS)
                self.add(cases, "MultiHeadAttention", operands, 3, num_heads=HEADS, scale=0.4, mask_filter_value=-50.0)
            cases.run(self)

    def test_multi_head_attention_with_a_past(self):
        with Cases() as cases:
            for mask, causal, bias in itertools.product(range(4), (0, 1), (0, 1)):
                operands = [self.draw(BATCH, QUERIES, HEADS * WIDTH) for _ in range(3)]
                operands += [self.draw(3 * HEADS * WIDTH) if bias else None]
                self.add(cases, "MultiHeadAttention", operands + [self.masks(QUERIES, QUERIES)[mask]], num_heads=HEADS,
                         unidirectional=causal)
                past = [self.masks(QUERIES, QUERIES + PAST)[mask], None, self.draw(BATCH, HEADS, PAST, WIDTH),
                        self.draw(BATCH, HEADS, PAST, WIDTH)]
                self.add(cases, "MultiHeadAttention", operands + past, 3, num_heads=HEADS, unidirectional=causal)
            cases.run(self)

    def test_multi_head_attention_to_split_keys(self):
        with Cases() as cases:
            for outputs, bias in itertools.product((1, 3), (0, 1)):
                operands = [self.draw(BATCH, QUERIES, HEADS * WIDTH), self.draw(BATCH, HEADS, KEYS, WIDTH),
                            self.draw(BATCH, HEADS, KEYS, WIDTH), self.draw(3 * HEADS * WIDTH) if bias else None]
                self.add(cases, "MultiHeadAttention", operands, outputs, num_heads=HEADS)
            cases.run(self)

    def test_scores(self):
        with Cases() as cases:
            operands = [self.draw(BATCH, QUERIES, HEADS * WIDTH) for _ in range(3)]
            mask = self.masks(QUERIES, QUERIES)[2]
            self.add(cases, "MultiHeadAttention", operands + [None, mask], 4, num_heads=HEADS)
            self.add(cases, "MultiHeadAttention", operands + [None, mask, self.draw(1, 1, QUERIES, QUERIES)], 4,
                     num_heads=HEADS, unidirectional=1)
            cases.run(self)

    def test_attention(self):
        with Cases() as cases:
            masks = self.masks(QUERIES, QUERIES) + [
                np.array([QUERIES, QUERIES - 1, 1, 0], np.int32), np.array([[0], [1]], np.int32), np.array([[0]], np.int32)]
            for mask, causal, bias in itertools.product(masks, (0, 1), (0, 1)):
                sizes = HEADS * (2 * WIDTH + VALUE_WIDTH)
                for total, options in ((3 * HEADS * WIDTH, {}),
                                       (sizes, dict(qkv_hidden_sizes=[HEADS * WIDTH] * 2 + [HEADS * VALUE_WIDTH]))):
                    operands = [self.draw(BATCH, QUERIES, 7), self.draw(7, total), self.draw(total) if bias else None, mask]
                    self.add(cases, "Attention", operands, num_heads=HEADS, unidirectional=causal, **options)
                    operands += [None, self.draw(1, HEADS, QUERIES, QUERIES)]
                    self.add(cases, "Attention", operands, constants=(1, 2) if bias else (1,), num_heads=HEADS,
                             unidirectional=causal, scale=0.3, mask_filter_value=-20.0, **options)
            cases.run(self)

    def test_attention_with_a_past(self):
        with Cases() as cases:
            for mask, causal, past in itertools.product(range(4), (0, 1), (None, 0, PAST)):
                operands = [self.draw(BATCH, QUERIES, 7), self.draw(7, 3 * HEADS * WIDTH), self.draw(3 * HEADS * WIDTH),
                            self.masks(QUERIES, QUERIES + (past or 0))[mask],
                            None if past is None else self.draw(2, BATCH, HEADS, past, WIDTH)]
                self.add(cases, "Attention", operands, 2, num_heads=HEADS, unidirectional=causal)
            cases.run(self)

    def test_skip_normalisation(self):
        with Cases() as cases:
            for shape, shift, bias in itertools.product(((2, 3, 8), (1, 3, 8), (3, 8)), (0, 1), (0, 1)):
                x, skip, scale = self.draw(2, 3, 8), self.draw(*shape), self.draw(8)
                last = self.draw(8) if bias else None
                for outputs in (1, ("y", "", "", "sum"), 4):
                    self.add(cases, "SkipLayerNormalization", [x, skip, scale, self.draw(8) if shift else None, last],
                             outputs, epsilon=1e-5)
                for outputs in (1, ("y", "", "", "sum")):
                    self.add(cases, "SkipSimplifiedLayerNormalization", [x, skip, scale, last], outputs)
            self.add(cases, "SkipLayerNormalization", [self.draw(3, 8), self.draw(3, 8), self.draw(8)])
            cases.run(self)

    def test_normalisation_under_older_names(self):
        with Cases() as cases:
            for axis, scale in ((-1, (6,)), (1, (4, 6)), (0, (3, 4, 6))):
                for outputs in (1, 2):
                    cases.add("SimplifiedLayerNormalization", 14, [self.draw(3, 4, 6), self.draw(*scale)], outputs,
                              axis=axis)
                for outputs in (1, 3):
                    cases.add("LayerNormalization", 11, [self.draw(3, 4, 6), self.draw(*scale), self.draw(*scale)], outputs,
                              axis=axis)
            cases.run(self)

    def test_gelu(self):
        with Cases() as cases:
            for dtype in (np.float32, np.float64):
                x, bias = (self.draw(3, 5, 40) * 2).astype(dtype), self.draw(40).astype(dtype)
                for op in ("QuickGelu", "FastGelu"):
                    self.add(cases, op, [x], kinds=[dtype])
                self.add(cases, "FastGelu", [x, bias], kinds=[dtype])
            self.add(cases, "QuickGelu", [self.draw(40)], alpha=1.0)
            self.add(cases, "Gelu", [self.draw(3, 40) * 4])
            self.add(cases, "BiasGelu", [self.draw(3, 40) * 4, self.draw(40)])
            cases.run(self)

    def test_embedding(self):
        with Cases() as cases:
            ids, segments = np.array([[1, 2, 0], [3, 1, 2]], np.int32), np.array([[0, 1, 0], [1, 1, 0]], np.int32)
            tables = [self.draw(6, 8), self.draw(5, 8)]
            for segment, mask, places in itertools.product((0, 1), (None, np.array([[1, 1, 0], [2, 0, 1]], np.int32)),
                                                           (None, np.array([[4, 0, 1]], np.int32), ids)):
                operands = [ids, segments if segment else None, *tables, self.draw(2, 8) if segment else None,
                            self.draw(8), self.draw(8), mask, places]
                for outputs in (1, 2, 3):
                    self.add(cases, "EmbedLayerNormalization", operands, outputs, constants=(2, 3),
                             kinds=[np.float32, np.int32, np.float32], epsilon=1e-6,
                             **(dict(mask_index_type=0) if outputs == 1 else {}))
            cases.run(self)

    def test_matrix_product(self):
        with Cases() as cases:
            shapes = [((3, 3), (3, 3)), ((2, 3, 3), (2, 3, 3)), ((2, 3, 3), (3, 3)), ((3,), (3, 3)), ((3, 3), (3,)),
                      ((3,), (3,)), ((1, 3, 3), (2, 3, 3)), ((3, 1, 3, 3), (2, 3, 3))]
            for (a, b), left, right in itertools.product(shapes, (0, 1), (0, 1)):
                if left and len(a) > 1 and len(b) == 1:
                    continue  # The runtime takes the matrix as it is, which is no transposition.
                self.add(cases, "FusedMatMul", [self.draw(*a), self.draw(*b)], transA=left, transB=right, alpha=0.25)
            for a, b, options in (((4, 2, 3), (4, 2, 3), dict(transB=1, transBatchA=1, transBatchB=1)),
                                  ((4, 2, 3), (4, 2, 3), dict(transA=1, transBatchA=1, transBatchB=1)),
                                  ((4, 2, 5, 3), (2, 5, 3, 6), dict(transBatchA=1)),
                                  ((2, 5, 4, 3), (6, 2, 5, 3), dict(transBatchB=1, transB=1))):
                self.add(cases, "FusedMatMul", [self.draw(*a), self.draw(*b)], **options)
            cases.run(self)

    def test_rotary_embedding(self):
        with Cases() as cases:
            for interleaved, places in itertools.product((0, 1), (np.array([3]), self.rng.integers(0, 10, (2, 5)))):
                caches = [self.draw(10, 4), self.draw(10, 4)]
                for x in (self.draw(2, 5, 24), self.draw(2, 3, 5, 8)):
                    self.add(cases, "RotaryEmbedding", [x, places, *caches], interleaved=interleaved)
                self.add(cases, "RotaryEmbedding", [self.draw(2, 5, 24), places, *caches], interleaved=interleaved,
                         num_heads=3)
                self.add(cases, "RotaryEmbedding", [self.draw(2, 5, 24), places, self.draw(10, 2), self.draw(10, 2)],
                         interleaved=interleaved, num_heads=3, rotary_embedding_dim=4)
            cases.run(self)

    def test_fused_functions(self):
        with Cases() as cases:
            for function, numbers in (("Relu", []), ("Sigmoid", []), ("Tanh", []), ("LeakyRelu", [0.1]),
                                      ("Clip", [-0.2, 0.5]), ("HardSigmoid", [0.3, 0.4]), ("HardSwish", [])):
                given = dict(activation_params=numbers) if numbers else {}
                for bias, summand in itertools.product((0, 1), (0, 1)):
                    operands = [self.draw(2, 4, 5, 5), self.draw(6, 2, 3, 3), self.draw(6) if bias else None,
                                self.draw(2, 6, 5, 5) if summand else None]
                    self.add(cases, "FusedConv", operands, pads=[1] * 4, group=2, activation=function, **given)
            for function in ("Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "Elu", "Softplus", "Softsign",
                             "ThresholdedRelu", "Celu"):
                given = dict(activation_alpha=0.3, activation_beta=0.4)
                self.add(cases, "FusedGemm", [self.draw(3, 4), self.draw(5, 4), self.draw(5)], activation=function,
                         transB=1, alpha=0.5, beta=2.0, **given)
                self.add(cases, "FusedGemm", [self.draw(3, 4), self.draw(4, 5)], activation=function, **given)
            cases.run(self)


if __name__ == "__main__":
    unittest.main()
