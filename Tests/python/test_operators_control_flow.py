"""If, Loop and Scan equal ONNX Runtime's results: models with graphs inside them, made here and run by `conformance`."""
import pathlib, sys, unittest

import numpy as np
from onnx import TensorProto as T, helper as h

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from graph_cases import Cases

F, I, B = T.FLOAT, T.INT64, T.BOOL


def info(name, dtype=F, shape=None):
    return h.make_tensor_value_info(name, dtype, shape)


def constant(name, array):
    array = np.asarray(array)
    return h.make_node("Constant", [], [name], value=h.make_tensor(
        name, h.np_dtype_to_tensor_dtype(array.dtype), array.shape, array.flatten()))


def node(op, inputs, outputs, **attributes):
    """A node by the names of its operands, @ standing for one that is left out, and of its results."""
    return h.make_node(op, ["" if i == "@" else i for i in inputs.split()], outputs.split(), **attributes)


def graph(nodes, inputs, outputs, initializers=()):
    return h.make_graph(nodes, "g", inputs, outputs, initializer=list(initializers))


def fib(carried="a", count="n"):
    """A loop that carries a tensor, reads 'x' from around it, and stacks."""
    body = graph(
        [node("Add", f"{carried}_in x", f"{carried}_out"), node("Identity", "c_in", "c_out"),
         node("Mul", f"{carried}_out {carried}_out", "squares")],
        [info("i", I, []), info("c_in", B, []), info(f"{carried}_in")],
        [info("c_out", B, []), info(f"{carried}_out"), info("squares", F, [2])])
    return node("Loop", f"{count} @ {carried}", "y stack", body=body)


class ControlFlow(Cases):
    x = np.array([1.5, -2], np.float32)

    def test_if(self):
        then = graph([node("Add", "x x", "t")], [], [info("t")])
        other = graph([], [], [info("x")])  # the output is a value from around it
        model = graph([node("If", "c", "y", then_branch=then, else_branch=other)],
                      [info("c", B, []), info("x", F, [2])], [info("y")])
        for condition in (True, False):
            # ONNX Runtime refuses such outputs.
            self.add_known(model, 17, dict(c=np.array(condition), x=self.x), [self.x * 2 if condition else self.x])
        constant_condition = graph(
            [constant("c", np.array([True])), node("If", "c", "y", then_branch=then, else_branch=graph(
                [constant("far", np.zeros((2, 3), np.float32))], [], [info("far")]))],
            [info("x", F, [2])], [info("y")])
        self.add(constant_condition, 17, x=self.x)
        shapes = graph([node("If", "c", "y", then_branch=then, else_branch=graph(
            [node("ReduceSum", "x", "s", keepdims=0)], [], [info("s")]))],
            [info("c", B, []), info("x", F, [2])], [info("y")])
        for condition in (True, False):
            self.add(shapes, 17, c=np.array(condition), x=self.x)
        self.check()

    def test_trip_counts(self):
        model = graph([fib()], [info("n", I, []), info("a", F, [2]), info("x", F, [2])],
                      [info("y"), info("stack")])
        for count in (0, 1, 5):
            self.add(model, 13, n=np.array(count), a=self.x, x=self.x + 1)
        fixed = graph([constant("n", np.array(3)), fib()], [info("a", F, [2]), info("x", F, [2])],
                      [info("y"), info("stack")])
        self.add(fixed, 11, a=self.x, x=self.x + 1)
        self.check()

    def test_conditions(self):
        def body(outer):
            return graph(
                [node("Add", "v_in v_in", "v_out"), node("ReduceMax", "v_out", "m", keepdims=0),
                 node("Less", f"m {outer}", "c_out"), node("Cast", "i", "stacked", to=F)],
                [info("i", I, []), info("c_in", B, []), info("v_in")],
                [info("c_out", B, []), info("v_out"), info("stacked")])
        for name, operands in (("while", ["", "c", "v"]), ("both", ["n", "c", "v"]), ("ignored", ["n", "", "v"])):
            loop = h.make_node("Loop", operands, ["y", "s"], body=body("limit"))
            inputs = [info("n", I, []), info("c", B, []), info("v", F, [2]), info("limit", F, [])]
            used = [i for i in inputs if i.name in operands or i.name == "limit"]
            for start in (True, False):
                if name == "while" or start or name == "both":
                    feeds = dict(n=np.array(3), c=np.array(start), v=np.array([1, 2], np.float32),
                                 limit=np.array(9, np.float32))
                    self.add(graph([loop], used, [info("y"), info("s")]), 17,
                             **{i.name: feeds[i.name] for i in used})
        self.check()

    def test_growing_values(self):
        body = graph(
            [node("Concat", "v_in x", "v_out", axis=0), node("Identity", "c_in", "c_out")],
            [info("i", I, []), info("c_in", B, []), info("v_in", F, [None])],
            [info("c_out", B, []), info("v_out", F, [None])])
        model = graph([node("Loop", "n @ v", "y", body=body)],
                      [info("n", I, [1]), info("v", F, [2]), info("x", F, [2])], [info("y", F, [None])])
        self.add(model, 16, n=np.array([4]), v=self.x, x=self.x * 3)
        self.check()

    def test_nested_scopes(self):
        # 'x' of the outermost graph is read two levels down; 'w' is a weight of the middle graph.
        then = graph([node("Add", "v_in x", "p"), node("Mul", "p w", "q")], [], [info("q")])
        other = graph([node("Sub", "v_in x", "r")], [], [info("r")])
        body = graph(
            [node("Cast", "i", "odd", to=B), node("If", "odd", "v_out", then_branch=then, else_branch=other),
             node("Identity", "c_in", "c_out")],
            [info("i", I, []), info("c_in", B, []), info("v_in", F, [2])],
            [info("c_out", B, []), info("v_out", F, [2]), info("v_out", F, [2])],
            [h.make_tensor("w", F, [2], [2.0, 0.5])])
        body.output[2].name = "copy"
        body.node.append(node("Identity", "v_out", "copy"))
        model = graph(
            [node("Relu", "x0", "x"), node("Loop", "n @ x", "y s", body=body), node("Neg", "y", "z")],
            [info("n", I, []), info("x0", F, [2])], [info("z"), info("s")])
        self.add(model, 17, n=np.array(4), x0=np.abs(self.x))
        self.check()

    def scan(self, opset, feeds, axes, **attributes):
        body = graph(
            [node("Add", "s_in a", "s_out"), node("Mul", "s_out b", "o"), node("Add", "a k", "o2")],
            [info("s_in"), info("a"), info("b")], [info("s_out"), info("o"), info("o2")])
        model = graph(
            [h.make_node("Scan", ["s", "a0", "b0"], ["y", "o", "o2"], body=body, num_scan_inputs=2, **attributes)],
            [info("s", F, [3]), info("a0", F, feeds[1].shape), info("b0", F, feeds[2].shape), info("k", F, [3])],
            [info("y", F, [3]), info("o", F, [None, None]), info("o2", F, [None, None])])
        self.add(model, opset, s=feeds[0], a0=feeds[1], b0=feeds[2], k=np.array([1, 2, 3], np.float32))

    def test_scan(self):
        rng = np.random.default_rng(3)
        s, a, b = (rng.normal(size=size).astype(np.float32) for size in ((3,), (4, 3), (3, 4)))
        self.scan(9, (s, a, a), None)
        self.scan(11, (s, a, b), None, scan_input_axes=[0, -1], scan_input_directions=[1, 0])
        self.scan(16, (s, a, b), None, scan_input_axes=[0, 1], scan_output_axes=[1, -2],
                  scan_output_directions=[0, 1])
        self.check()

    def test_batched_scan(self):
        body = graph(
            [node("Add", "s_in a", "s_out"), node("Identity", "s_out", "o")],
            [info("s_in", F, [2]), info("a", F, [2])], [info("s_out", F, [2]), info("o", F, [2])])
        a = np.arange(16, dtype=np.float32).reshape(2, 4, 2)
        s = np.array([[1, 2], [3, 4]], np.float32)
        outputs = [info("y", F, [2, 2]), info("o", F, [2, 4, 2])]
        for direction in (0, 1):
            scan = h.make_node("Scan", ["", "s", "a0"], ["y", "o"], body=body, num_scan_inputs=1,
                               directions=[direction])
            model = graph([scan], [info("s", F, [2, 2]), info("a0", F, [2, 4, 2])], outputs)
            order = a[:, ::-1] if direction else a
            o = s[:, None] + np.cumsum(order, axis=1)
            self.add_known(model, 8, dict(s=s, a0=a), [o[:, -1], o])
        scan = h.make_node("Scan", ["n", "s", "a0"], ["y", "o"], body=body, num_scan_inputs=1)
        model = graph([scan], [info("n", I, [2]), info("s", F, [2, 2]), info("a0", F, [2, 4, 2])], outputs)
        o = s[:, None] + np.cumsum(a, axis=1)
        o[1, 2:] = 0
        self.add_known(model, 8, dict(n=np.array([4, 2]), s=s, a0=a), [np.stack([o[0, 3], o[1, 1]]), o])
        self.check()

    def test_sequences_are_declared_unsupported(self):
        body = graph(
            [node("Identity", "c_in", "c_out"), node("SequenceInsert", "v_in x", "v_out")],
            [info("i", I, []), info("c_in", B, []), h.make_tensor_sequence_value_info("v_in", F, None)],
            [info("c_out", B, []), h.make_tensor_sequence_value_info("v_out", F, None)])
        model = graph(
            [node("SequenceEmpty", "", "e"), node("Loop", "n @ e", "l", body=body),
             node("ConcatFromSequence", "l", "y", axis=0)],
            [info("n", I, []), info("x", F, [2])], [info("y")])
        self.add_known(model, 17, dict(n=np.array(2), x=self.x), [self.x])
        self.check(outcome="unsupported", mentions="Sequence")


if __name__ == "__main__":
    unittest.main()
