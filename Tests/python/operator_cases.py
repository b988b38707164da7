"""Cases of single operators in the folders that `onnx-shrink conformance` reads, made by ONNX Runtime or the reference."""
import pathlib, tempfile

import numpy as np
import onnx, onnx.reference
from onnx import helper, numpy_helper
import onnxruntime

import program
from case_files import write_case


def runtime(model, feeds):
    """What ONNX Runtime computes, without its graph optimisations."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def reference(model, feeds):
    """What ONNX's own reference computes."""
    return onnx.reference.ReferenceEvaluator(model).run(None, feeds)


def one_node(op, opset, inputs, outputs, constants, attributes, domain="", kinds=()):
    """A model of one node, and what to feed it.

    `opset`: of ai.onnx, beside version 1 of another domain; `kinds`: element types of the results, float32 where they are
    not known.
    """
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    results = [f"y{i}" for i in range(outputs)] if isinstance(outputs, int) else list(outputs)
    given = {name: x for name, x in zip(names, inputs) if name}
    held = {names[i] for i in constants}
    kind = lambda x: helper.np_dtype_to_tensor_dtype(x.dtype)
    graph = helper.make_graph(
        [helper.make_node(op, names, results, domain=domain, **attributes)], op,
        [helper.make_tensor_value_info(n, kind(x), x.shape) for n, x in given.items() if n not in held],
        [onnx.ValueInfoProto(name=n) for n in results if n],
        [numpy_helper.from_array(x, n) for n, x in given.items() if n in held])
    imports = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    inferred = {v.name: v for v in onnx.shape_inference.infer_shapes(model).graph.output}
    for i, value in enumerate(model.graph.output):
        value.CopyFrom(inferred[value.name])
        if not value.type.tensor_type.elem_type:
            kind = kinds[i] if i < len(kinds) else np.float32
            value.type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    return model, {n: x for n, x in given.items() if n not in held}


class Cases:
    """A folder of cases that is gone when the block ends."""

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.count = 0
        return self

    def __exit__(self, *error):
        self.temporary.cleanup()

    def add(self, op, opset, inputs, outputs=1, compute=runtime, constants=(), precise=False, domain="", kinds=(),
            **attributes):
        """Writes a case of one node; `inputs`: arrays, None for one that is left out; `outputs`: how many, or names
        with "" for one that is left out; `constants`: slots that the model holds; `precise`: computed in float64; `domain`, `kinds`: as one_node."""
        model, feeds = one_node(op, opset, inputs, outputs, constants, attributes, domain, kinds)
        if precise:
            wide = [x.astype(np.float64) if x is not None and x.dtype == np.float32 else x for x in inputs]
            results = [y.astype(np.float32) for y in compute(*one_node(op, opset, wide, outputs, constants, attributes))]
        else:
            results = compute(model, feeds)
        write_case(self.folder / "cases" / f"{self.count:03d}_{op}_{opset}", model, dict(enumerate(feeds.values())), results)
        self.count += 1

    def run(self, test):
        """Runs all cases through the program; each that fails is a failure of `test`."""
        code, found, message = program.run("conformance", self.folder)
        test.assertIn(f"{self.count} cases: {self.count} passed", found, found + message)
        test.assertEqual(code, 0)
