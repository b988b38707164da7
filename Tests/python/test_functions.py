"""Functions that a model defines itself: computed and written as others have them.

Not every other program takes every model (defaults of attributes, results that are operands, overloads), so all are asked and those that
answer must agree: ONNX Runtime, ONNX Runtime behind onnx.inliner; where neither does, ONNX's reference evaluator, which knows no overloads.
"""
import pathlib, tempfile, unittest
import numpy as np, onnx, onnx.inliner, onnx.reference
from onnx import TensorProto, helper, numpy_helper
import graph_cases, program, samples

OPSET, DOMAIN = 17, "org.example"
node = helper.make_node
FLOAT = TensorProto.FLOAT


def function(name, inputs, outputs, nodes, attributes=(), defaults=(), opsets=(("", OPSET), (DOMAIN, 1)), **options):
    return helper.make_function(DOMAIN, name, inputs, outputs, nodes, [helper.make_opsetid(*o) for o in opsets], list(attributes),
                                [helper.make_attribute(*d) for d in defaults], **options)


def call(name, inputs, outputs, **attributes):
    return node(name, inputs, outputs, domain=DOMAIN, **attributes)


def overloaded(made, overload):
    made.overload = overload
    return made


def reference(made, name, to, kind):
    """Lets an attribute of a node stand for one of the function around it."""
    made.attribute.append(onnx.AttributeProto(name=name, ref_attr_name=to, type=kind))
    return made


def graph(name, nodes, outputs, inputs=(), weights=()):
    info = lambda names: [helper.make_tensor_value_info(n, FLOAT, ["N", 4]) for n in names]
    return helper.make_graph(nodes, name, info(inputs), info(outputs), list(weights))


def model(nodes, functions, opsets=(("", OPSET), (DOMAIN, 1)), weights=(), ir_version=graph_cases.IR_VERSION):
    return helper.make_model(graph("main", nodes, ["y"], ["x"], weights), functions=functions, ir_version=ir_version,
                             opset_imports=[helper.make_opsetid(*o) for o in opsets])


def scaled():
    """a · alpha + beta; beta has a default."""
    nodes = [reference(node("Constant", [], ["alpha"]), "value_float", "alpha", onnx.AttributeProto.FLOAT),
             reference(node("Constant", [], ["beta"]), "value_float", "beta", onnx.AttributeProto.FLOAT),
             node("Mul", ["a", "alpha"], ["t"]), node("Add", ["t", "beta"], ["b"])]
    return function("Scaled", ["a"], ["b"], nodes, ["alpha"], [("beta", 0.25)])


def attributes():
    """References: given, with a default, and left out where the operator has a default of its own."""
    leaky = function("Leaky", ["a"], ["b"], [reference(node("LeakyRelu", ["a"], ["b"]), "alpha", "slope", onnx.AttributeProto.FLOAT)], ["slope"])
    return model([call("Scaled", ["x"], ["s"], alpha=2.0), call("Scaled", ["s"], ["t"], alpha=0.5, beta=-1.0), call("Leaky", ["t"], ["u"]),
                  call("Leaky", ["u"], ["y"], slope=0.3)], [scaled(), leaky])


def tensor_attribute():
    """A tensor of the call becomes that of a Constant."""
    add = function("Shifted", ["a"], ["b"], [reference(node("Constant", [], ["c"]), "value", "by", onnx.AttributeProto.TENSOR),
                                             node("Add", ["a", "c"], ["b"])], ["by"])
    value = lambda seed: numpy_helper.from_array(np.random.default_rng(seed).normal(size=4).astype(np.float32))
    return model([call("Shifted", ["x"], ["t"], by=value(1)), call("Shifted", ["t"], ["y"], by=value(2))], [add])


def nested():
    """Calls within functions hand attributes on; local names are the same as the main graph's."""
    twice = function("Twice", ["a"], ["y"], [reference(call("Scaled", ["a"], ["t"]), "alpha", "factor", onnx.AttributeProto.FLOAT),
                                             call("Scaled", ["t"], ["y"], alpha=3.0)], ["factor"])
    return model([node("Neg", ["x"], ["t"]), call("Twice", ["t"], ["a"], factor=1.5), call("Twice", ["a"], ["u"], factor=0.1),
                  node("Add", ["u", "t"], ["y"])], [twice, scaled()])


def optional():
    """Operands left out at the end and in the middle, a result that nobody wants."""
    clip = function("Limits", ["a", "low", "high"], ["b", "c"], [node("Clip", ["a", "low", "high"], ["b"]), node("Neg", ["b"], ["c"])])
    limit = numpy_helper.from_array(np.array(0.2, np.float32), "limit")
    return model([call("Limits", ["x", "", "limit"], ["t"]), call("Limits", ["t"], ["", "u"]), call("Limits", ["u", "limit"], ["v", "w"]),
                  node("Add", ["v", "w"], ["y"])], [clip], weights=[limit])


def passed_through():
    """A result that is an operand, one that is named twice."""
    swap = function("Both", ["a"], ["a", "b", "b"], [node("Tanh", ["a"], ["b"])])
    return model([call("Both", ["x"], ["s", "t", "u"]), node("Sum", ["s", "t", "u"], ["y"])], [swap])


def branches(then, other):
    return dict(then_branch=graph("then", then, ["r"]), else_branch=graph("else", other, ["r"]))


def within_subgraphs():
    """A call within a branch; a function with branches that read its operand and have local names; attributes within them."""
    greater = lambda of: [node("Constant", [], ["zero"], value_float=0.0), node("ReduceMax", [of], ["m"], keepdims=0), node("Greater", ["m", "zero"], ["c"])]
    leaky = reference(node("LeakyRelu", ["t"], ["r"]), "alpha", "slope", onnx.AttributeProto.FLOAT)
    inner = branches([node("Exp", ["a"], ["t"]), leaky], [node("Neg", ["a"], ["t"]), node("Sin", ["t"], ["r"])])
    choice = function("Choice", ["a"], ["r"], greater("a") + [node("If", ["c"], ["r"], **inner)], ["slope"])
    outer = branches([call("Choice", ["x"], ["t"], slope=0.3), call("Scaled", ["t"], ["r"], alpha=2.0)], [call("Choice", ["n"], ["r"], slope=0.1)])
    return model([node("Neg", ["x"], ["n"])] + greater("x") + [node("If", ["c"], ["t"], **outer), call("Choice", ["t"], ["y"], slope=0.2)],
                 [choice, scaled()])


def overloads():
    """Functions of one name, told apart by the overload (format version 10)."""
    kinds = [overloaded(function("Kind", ["a"], ["b"], [node(kind, ["a"], ["b"])]), kind.lower()) for kind in ("Tanh", "Sigmoid")]
    return model([overloaded(call("Kind", ["x"], ["t"]), "tanh"), overloaded(call("Kind", ["t"], ["y"]), "sigmoid")], kinds)


def operator_sets():
    """The function uses a set of operators that the model does not import."""
    body = [node("QuickGelu", ["a"], ["t"], domain="com.microsoft", alpha=1.5), node("Add", ["t", "a"], ["b"])]
    return model([call("Gated", ["x"], ["y"])], [function("Gated", ["a"], ["b"], body, opsets=(("", OPSET), ("com.microsoft", 1)))])


def large_constants():
    """A large constant of a function stands once for all calls."""
    weight = numpy_helper.from_array(np.random.default_rng(3).normal(size=(4, 400)).astype(np.float32))
    back = numpy_helper.from_array(np.random.default_rng(4).normal(0, 0.05, (400, 4)).astype(np.float32))
    body = [node("Constant", [], ["w"], value=weight), node("Constant", [], ["v"], value=back), node("MatMul", ["a", "w"], ["t"]),
            node("Relu", ["t"], ["u"]), node("MatMul", ["u", "v"], ["b"])]
    return model([call("Wide", ["x"], ["t"]), call("Wide", ["t"], ["u"]), call("Wide", ["u"], ["y"])], [function("Wide", ["a"], ["b"], body)])


ALL = [attributes, tensor_attribute, nested, optional, passed_through, within_subgraphs, overloads, operator_sets, large_constants]


UNITS = 64


class Functions(graph_cases.Cases):
    def feed(self, count=5):
        return {"x": np.random.default_rng(count).normal(size=(count, 4)).astype(np.float32)}

    def outputs(self, made, feed):
        ways = [lambda: samples.session(made.SerializeToString()).run(None, feed),
                lambda: samples.session(onnx.inliner.inline_local_functions(made).SerializeToString()).run(None, feed),
                lambda: answers or onnx.reference.ReferenceEvaluator(made).run(None, feed)]
        answers, refusals = [], []
        for way in ways:
            try:
                answers.append(way()[0])
            except Exception as refusal:  # whatever they raise, they do not answer
                refusals.append(refusal)
        self.assertTrue(answers, refusals)
        for answer in answers[1:]:
            np.testing.assert_allclose(answer, answers[0], 1e-4, 1e-5)
        return answers[:1]

    def test_computed(self):
        for builder in ALL:
            made, feed = builder(), self.feed()
            self.add_model(made, feed, self.outputs(made, feed))
        self.check()

    def test_written_without_functions(self):
        """Behind units that go, so that a file is written: valid, as onnx.inliner has it, without functions."""
        for builder in ALL:
            with self.subTest(builder.__name__):
                self.written(self.in_front(builder()))

    def in_front(self, made):
        """The same model behind a layer of which half is twice the same: more than what written-out functions add to the file."""
        weight = np.random.default_rng(0).normal(size=(4, UNITS)).astype(np.float32)
        front = [("front.w", np.concatenate([weight, weight], 1)), ("front.v", np.linalg.pinv(weight).repeat(2, 0).reshape(UNITS, 2, 4)
                                                                    .transpose(1, 0, 2).reshape(2 * UNITS, 4) * 0.5)]
        made.graph.initializer.extend(numpy_helper.from_array(w.astype(np.float32), n) for n, w in front)
        for inner in made.graph.node:
            rename(inner, "x", "front.y")
        for at, n in enumerate([node("MatMul", ["x", "front.w"], ["front.t"]), node("Relu", ["front.t"], ["front.r"]),
                                node("MatMul", ["front.r", "front.v"], ["front.y"])]):
            made.graph.node.insert(at, n)
        return made

    def written(self, made):
        folder = pathlib.Path(self.folder.name)
        original, small, data = (folder / name for name in ("model.onnx", "small.onnx", "x.npz"))
        onnx.save(made, original)
        np.savez(data, **self.feed(256))
        code, report = program.shrink(original, small, data, "--lossless")
        self.assertEqual(code, 0, report)
        result = onnx.load(small)
        onnx.checker.check_model(result)
        self.assertEqual(len(result.functions), 0)
        self.assertIn(UNITS, [t.dims[1] for t in result.graph.initializer if t.name == "front.w"])
        self.assertLessEqual(small.stat().st_size, original.stat().st_size)
        feed = self.feed()
        np.testing.assert_allclose(self.outputs(result, feed)[0], self.outputs(made, feed)[0], 1e-4, 1e-5)


def rename(made, old, new):
    """Another name for what a node reads, in the graphs inside it, too."""
    made.input[:] = [new if name == old else name for name in made.input]
    for attribute in made.attribute:
        for inner in attribute.g.node:
            rename(inner, old, new)


if __name__ == "__main__":
    unittest.main()
