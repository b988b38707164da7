"""LSTM, GRU and RNN in all their forms equal ONNX Runtime's."""
import pathlib, sys, unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from operator_cases import Cases, reference

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
STATES = {"RNN": 1, "GRU": 1, "LSTM": 2}


def operands(op, rng, steps=5, batch=3, inputs=4, hidden=6, directions=1, bias=True, lengths=None, states=False,
             peepholes=False, dtype=np.float32):
    draw = lambda *shape: rng.uniform(-1, 1, shape).astype(dtype)
    gates = GATES[op] * hidden
    state = lambda: draw(directions, batch, hidden) if states else None
    result = [draw(steps, batch, inputs), draw(directions, gates, inputs), draw(directions, gates, hidden),
              draw(directions, 2 * gates) if bias else None,
              None if lengths is None else np.array(lengths, np.int32), state()]
    if op == "LSTM":
        result += [state(), draw(directions, 3 * hidden) if peepholes else None]
    while result[-1] is None:
        result.pop()
    return result


class Recurrent(unittest.TestCase):
    def test_forms(self):
        rng = np.random.default_rng(1)
        with Cases() as cases:
            for op in GATES:
                add = lambda directions=1, opset=14, made={}, **attributes: cases.add(
                    op, opset, operands(op, rng, directions=directions, **made), 1 + STATES[op], hidden_size=6,
                    direction=["forward", "bidirectional"][directions - 1] if "direction" not in attributes
                    else attributes.pop("direction"), **attributes)
                for directions in (1, 2):
                    add(directions)
                    add(directions, 7, dict(bias=False))
                    add(directions, 7, dict(lengths=[5, 1, 3], states=True))
                    add(directions, 22, dict(batch=1, steps=7))
                add(direction="reverse")
                add(made=dict(lengths=[2, 5, 4], states=True), direction="reverse")
                add(made=dict(states=True), clip=0.3)
            for linear in (0, 1):
                cases.add("GRU", 14, operands("GRU", rng, lengths=[4, 2, 5], states=True), 2, hidden_size=6,
                          linear_before_reset=linear)
                cases.add("GRU", 14, operands("GRU", rng, directions=2, bias=False), 2, hidden_size=6,
                          direction="bidirectional", linear_before_reset=linear)
            cases.add("LSTM", 14, operands("LSTM", rng, states=True, peepholes=True), 3, hidden_size=6)
            cases.add("LSTM", 14, operands("LSTM", rng, directions=2, peepholes=True, lengths=[1, 5, 2]), 3,
                      hidden_size=6, direction="bidirectional")
            cases.add("LSTM", 14, operands("LSTM", rng, states=True), 3, hidden_size=6, input_forget=1)
            cases.add("LSTM", 14, operands("LSTM", rng), ["", "last"], hidden_size=6)
            cases.run(self)

    def test_activations(self):
        rng = np.random.default_rng(2)
        with Cases() as cases:
            for name in ("Relu", "Tanh", "Sigmoid", "Softsign", "Softplus"):
                cases.add("RNN", 14, operands("RNN", rng), 2, hidden_size=6, activations=[name])
            for name, alpha, beta in (("Affine", 0.5, 0.1), ("LeakyRelu", 0.2, None), ("ThresholdedRelu", 0.3, None),
                                      ("ScaledTanh", 0.7, 0.6), ("HardSigmoid", 0.3, 0.4), ("Elu", 0.8, None)):
                numbers = dict(activation_alpha=[alpha], **({} if beta is None else dict(activation_beta=[beta])))
                cases.add("RNN", 14, operands("RNN", rng), 2, hidden_size=6, activations=[name], **numbers)
            cases.add("LSTM", 14, operands("LSTM", rng, directions=2), 3, hidden_size=6, direction="bidirectional",
                      activations=["HardSigmoid", "Tanh", "LeakyRelu", "Sigmoid", "Relu", "Tanh"],
                      activation_alpha=[0.3, 0.1], activation_beta=[0.4])
            cases.run(self)

    def test_batch_first_and_wide(self):
        rng = np.random.default_rng(3)
        with Cases() as cases:
            for op in GATES:
                x, w, r, b = operands(op, rng)
                cases.add(op, 14, [x.transpose(1, 0, 2), w, r, b], 1 + STATES[op], reference, hidden_size=6, layout=1)
            cases.run(self)


if __name__ == "__main__":
    unittest.main()
