"""Every structure that ties units, widened without changing its function, comes back by `--lossless`."""
import pathlib, tempfile, unittest
import numpy as np, onnx
import measure, program, samples, structures_attention, structures_images, structures_sequences, structures_sizes
import structures_weights, widened

SAMPLES, BATCHES = 256, (1, 7)


def outputs(path, feed):
    return samples.session(str(path)).run(None, feed)


def widths(report):
    """What the report says of groups and of what was left alone, for messages."""
    changed = ", ".join(f"{g['name']} {g['before']}→{g['after']}" for g in report.get("groups", []))
    left = "; ".join(f"{e['made_by'][0]}: {e['reasons'][0]['text']}" for e in report.get("left_alone", []))
    return f"groups: {changed or 'none'}. Left alone: {left or 'none'}"


class Structures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def returns(self, builder):
        base, groups = widened.build(builder)
        planted, _ = widened.build(builder, planted=True)
        original, wide, small, data = (self.folder / name for name in ("base.onnx", "wide.onnx", "small.onnx", "x.npz"))
        onnx.save(base, original), onnx.save(planted, wide)
        feed = widened.samples(base, SAMPLES)
        np.savez(data, **feed)
        for expected, found in zip(outputs(original, feed), outputs(wide, feed)):
            np.testing.assert_allclose(found, expected, 1e-4, 1e-5, err_msg="the widened network computes something else")
        code, report = program.shrink(wide, small, data, "--lossless")
        self.assertEqual(code, 0, report.get("message", widths(report)))
        self.assertLessEqual(small.stat().st_size, wide.stat().st_size, "the file has grown")
        onnx.checker.check_model(str(small), full_check=not any(o.domain for o in planted.opset_import))
        self.came_back(onnx.load(small), base, groups, report, getattr(builder, "added", 0))
        for batch in (*BATCHES, SAMPLES):
            feed = widened.samples(base, batch, seed=batch)
            for name, expected, found in zip(base.graph.output, outputs(wide, feed), outputs(small, feed)):
                np.testing.assert_allclose(found, expected, 1e-4, 1e-5, err_msg=f"output {name.name}, batch of {batch}")

    def came_back(self, small, base, groups, report, added):
        """At most the base's widths: in the weights that kept their names, in the sum of all, and as the report has it."""
        shapes = {t.name: list(t.dims) for t in base.graph.initializer}
        wider = [f"{t.name} {list(t.dims)}, once {shapes[t.name]}" for t in small.graph.initializer
                 if t.name in shapes and len(t.dims) == len(shapes[t.name]) and any(a > b for a, b in zip(t.dims, shapes[t.name]))]
        self.assertFalse(wider, f"{wider}. {widths(report)}")
        parameters = [measure.parameters(m.graph) for m in (small, base)]
        self.assertLessEqual(parameters[0], parameters[1] + added, f"parameters. {widths(report)}")
        for base_width, planted in groups.values():
            found = [g["after"] for g in report["groups"] if g["before"] == planted]  # groups of other kinds may have that width, too
            self.assertLessEqual(min(found, default=base_width), base_width, widths(report))
        self.assertTrue(any(g["after"] < g["before"] for g in report["groups"]), "the report names no group that shrank")


def add_tests():
    for module in (structures_attention, structures_images, structures_sequences, structures_sizes, structures_weights):
        for builder in module.ALL:
            def test(self, builder=builder):
                self.returns(builder)

            test.__doc__ = builder.__doc__
            setattr(Structures, f"test_{builder.__name__}", test)


add_tests()

if __name__ == "__main__":
    unittest.main()
