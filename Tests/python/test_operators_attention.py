"""Attention and what stands around it equal ONNX Runtime's, or the reference's where the runtime has no kernel."""
import itertools, pathlib, sys, unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from operator_cases import Cases, reference, runtime


class AttentionLike(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(5)

    def draw(self, *shape):
        return self.rng.uniform(-1, 1, shape).astype(np.float32)

    def heads(self, queries=5, keys=7, query_heads=4, key_heads=2, width=8, value_width=6):
        return [self.draw(2, query_heads, queries, width), self.draw(2, key_heads, keys, width),
                self.draw(2, key_heads, keys, value_width)]

    def test_masks(self):
        with Cases() as cases:
            for causal, softcap in itertools.product((0, 1), (0.0, 2.0)):
                masks = [None, self.draw(5, 7), self.draw(2, 1, 5, 7), self.rng.random((5, 7)) < 0.7,
                         self.rng.random((2, 4, 5, 7)) < 0.7]
                for mask in masks:
                    if mask is not None and mask.dtype == bool:
                        mask[..., 0] = True
                    cases.add("Attention", 23, self.heads() + [mask], is_causal=causal, softcap=softcap)
            cases.add("Attention", 23, self.heads(queries=70, keys=3000, width=4), scale=0.3)
            cases.run(self)

    def test_cache_and_scores(self):
        with Cases() as cases:
            for mode, causal in itertools.product(range(4), (0, 1)):
                past = [self.draw(2, 2, 3, 8), self.draw(2, 2, 3, 6)]
                # The runtime has the lowest number in masked scores, the specification minus infinity; the reference
                # has capped scores where the specification has raw ones.
                compute = reference if mode == 2 else runtime
                cases.add("Attention", 23, self.heads() + [self.draw(5, 10)] + past, 4, compute,
                          is_causal=causal, qk_matmul_output_mode=mode, softcap=1.5)
                cases.add("Attention", 23, self.heads() + [None] + past, 3, is_causal=causal)
            for form in (dict(), dict(is_causal=1)):
                lengths = np.array([7, 5], np.int64)
                cases.add("Attention", 24, self.heads() + [None, None, None, lengths], **form)
            cases.run(self)

    def test_packed(self):
        with Cases() as cases:
            for queries, keys in ((4, 4), (4, 2), (4, 1)):
                operands = [self.draw(2, 5, queries * 8), self.draw(2, 7, keys * 8), self.draw(2, 7, keys * 6)]
                cases.add("Attention", 23, operands, q_num_heads=queries, kv_num_heads=keys, is_causal=1)
                cases.add("Attention", 23, operands, 3, q_num_heads=queries, kv_num_heads=keys)
            cases.run(self)

    def test_windows(self):
        with Cases() as cases:
            for left, right, causal in itertools.product((-1, 0, 2), (-1, 0, 1), (0, 1)):
                cases.add("Attention", 25, self.heads(), 1, reference, left_window_size=left, right_window_size=right,
                          is_causal=causal)
            cases.run(self)

    def test_rotary_embedding(self):
        with Cases() as cases:
            for interleaved, turned in itertools.product((0, 1), (0, 4)):
                half = (turned or 8) // 2
                options = dict(interleaved=interleaved, rotary_embedding_dim=turned)
                caches, places = [self.draw(10, half), self.draw(10, half)], self.rng.integers(0, 10, (2, 5))
                cases.add("RotaryEmbedding", 23, [self.draw(2, 3, 5, 8), *caches, places], **options)
                cases.add("RotaryEmbedding", 23, [self.draw(2, 5, 24), *caches, places], num_heads=3, **options)
                direct = [self.draw(2, 5, half), self.draw(2, 5, half)]
                cases.add("RotaryEmbedding", 23, [self.draw(2, 3, 5, 8), *direct], **options)
            cases.run(self)

    def test_normalisation_and_gates(self):
        with Cases() as cases:
            for axis, scale in ((-1, (6,)), (1, (4, 6)), (-2, (4, 6)), (0, (3, 4, 6))):
                cases.add("RMSNormalization", 23, [self.draw(3, 4, 6), self.draw(*scale)], axis=axis)
            cases.add("RMSNormalization", 23, [self.draw(3, 6).astype(np.float16), self.draw(6).astype(np.float16)],
                      compute=reference)
            for dtype in (np.float32, np.float64, np.float16):
                cases.add("SwiGLU", 28, [self.draw(3, 7).astype(dtype), self.draw(3, 7).astype(dtype)],
                          compute=reference, alpha=1.3)
            cases.run(self)

    def test_state(self):
        with Cases() as cases:
            for dtype in (np.float32, np.int64, np.int8):
                cache, update = (self.draw(2, 3, 5, 4) * 9).astype(dtype), (self.draw(2, 3, 2, 4) * 9).astype(dtype)
                cases.add("TensorScatter", 24, [cache, update, np.array([1, 3])])
                cases.add("TensorScatter", 24, [cache, update, np.array([4, 8])], mode="circular")
                cases.add("TensorScatter", 24, [cache, update])
            for activation, state in itertools.product(("none", "silu"), (None, self.draw(2, 3, 3))):
                operands = [self.draw(2, 3, 6), self.draw(3, 1, 4), self.draw(3)] + ([] if state is None else [state])
                cases.add("CausalConvWithState", 27, operands, 2, reference, activation=activation)
            for rule, decays, rates in (("linear", 0, 0), ("gated", 2, 0), ("gated", 6, 0), ("delta", 0, 1),
                                        ("gated_delta", 2, 2), ("gated_delta", 6, 1)):
                operands = [self.draw(2, 5, 12), self.draw(2, 5, 6), self.draw(2, 5, 8), self.draw(2, 2, 3, 4),
                            -np.abs(self.draw(2, 5, decays)) if decays else None, self.draw(2, 5, rates) if rates else None]
                while operands[-1] is None:
                    operands.pop()
                cases.add("LinearAttention", 27, operands, 2, reference, q_num_heads=4, kv_num_heads=2, update_rule=rule)
            cases.run(self)


if __name__ == "__main__":
    unittest.main()
