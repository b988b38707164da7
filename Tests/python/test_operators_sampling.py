"""Resize, samplings of images, regions and poolings equal ONNX Runtime's, or the reference's where it has no kernel."""
import itertools, pathlib, sys, unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from operator_cases import Cases, reference


class Sampling(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(7)

    def draw(self, *shape, dtype=np.float32):
        return self.rng.uniform(-1, 1, shape).astype(dtype)

    def test_resize(self):
        forms = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric")
        filters = [dict(mode="linear"), dict(mode="cubic"), dict(mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1),
                   dict(mode="linear", antialias=1), dict(mode="cubic", antialias=1)]
        filters += [dict(nearest_mode=n) for n in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")]
        with Cases() as cases:
            for form, kernel in itertools.product(forms, filters):
                x = self.draw(1, 2, 7, 6) + 2
                for size in ((3, 9), (12, 11)):
                    cases.add("Resize", 19, [x, None, None, np.array((1, 2, *size))], constants=(3,),
                              coordinate_transformation_mode=form, **kernel)
                # The runtime rounds the length first where the corners are aligned, ONNX's own cases do not.
                if form != "align_corners":
                    for scale in ((0.7, 1.7), (2, 3), (0.5, 0.34)):
                        cases.add("Resize", 13 if "antialias" not in kernel and "symmetric" not in form else 18,
                                  [x, None, np.array((1, 1, *scale), np.float32)], constants=(2,),
                                  coordinate_transformation_mode=form, **kernel)
            cases.run(self)

    def test_resize_regions_and_policies(self):
        with Cases() as cases:
            x = self.draw(1, 2, 7, 6)
            for kernel in (dict(), dict(mode="linear"), dict(mode="cubic")):
                region = np.array((0, 0, 0.1, 0.2, 1, 1, 0.8, 1.2), np.float32)
                cases.add("Resize", 13, [x, region, None, np.array((1, 2, 4, 9))], constants=(1, 3),
                          coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=3.0, **kernel)
                for policy in ("stretch", "not_larger", "not_smaller"):
                    cases.add("Resize", 19, [x, None, None, np.array((9, 13))], constants=(3,), axes=(2, 3),
                              keep_aspect_ratio_policy=policy, **kernel)
            for mode, scale in itertools.product(("nearest", "linear"), ((1, 1, 0.6, 0.7), (1, 1, 2, 3))):
                cases.add("Resize", 10, [x, np.array(scale, np.float32)], constants=(1,), mode=mode)
            cases.add("Upsample", 9, [x, np.array((1, 1, 2, 3), np.float32)], constants=(1,), mode="linear")
            cases.add("Upsample", 7, [x], scales=(1.0, 1.0, 2.0, 1.5))
            cases.add("Resize", 13, [self.draw(2, 3, 4, 5, 6), None, np.array((1, 1, 2, 2, 2), np.float32)],
                      constants=(2,), mode="linear")
            cases.run(self)

    def test_grids(self):
        with Cases() as cases:
            paddings = ("zeros", "border", "reflection")
            for mode, padding, corners in itertools.product(("nearest", "linear", "cubic"), paddings, (0, 1)):
                options = dict(padding_mode=padding, align_corners=corners)
                grid = self.draw(2, 5, 4, 2) * 1.6
                old = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
                cases.add("GridSample", 16, [self.draw(2, 3, 4, 6), grid], mode=old, **options)
                cases.add("GridSample", 20, [self.draw(2, 3, 4, 6), grid], mode=mode, **options)
                if mode != "cubic":
                    operands = [self.draw(1, 2, 3, 4, 5), self.draw(1, 2, 3, 4, 3) * 1.6]
                    cases.add("GridSample", 20, operands, mode=mode, **options)
            for corners, size in itertools.product((0, 1), ((2, 3, 4, 5), (2, 3, 2, 4, 5))):
                theta = self.draw(2, len(size) - 2, len(size) - 1)
                cases.add("AffineGrid", 20, [theta, np.array(size)], constants=(1,), align_corners=corners)
            cases.run(self)

    def test_regions(self):
        with Cases() as cases:
            x = self.draw(2, 3, 9, 8)
            corners = np.array([[0, 0, 7, 8], [1.3, 2.7, 5.9, 6.1], [3, 3, 3.2, 3.4], [-4, -3, 12, 11]], np.float32)
            images = np.array([0, 1, 1, 0])
            for mode, ratio, opset in itertools.product(("avg", "max"), (0, 2), (10, 16)):
                cases.add("RoiAlign", opset, [x, corners, images], mode=mode, sampling_ratio=ratio, output_height=3,
                          output_width=2, spatial_scale=0.8)
            cases.add("RoiAlign", 16, [x, corners, images], output_height=3, output_width=2,
                      coordinate_transformation_mode="output_half_pixel")
            regions = np.concatenate([images[:, None].astype(np.float32), np.round(corners)], 1)
            for scale in (1.0, 0.5):
                cases.add("MaxRoiPool", 1, [x, regions], pooled_shape=(3, 2), spatial_scale=scale)
            cases.run(self)

    def test_poolings(self):
        windows = [dict(kernel_shape=(3, 2)), dict(kernel_shape=(3, 3), strides=(2, 1), pads=(1, 0, 1, 2)),
                   dict(kernel_shape=(2, 2), dilations=(2, 3)), dict(kernel_shape=(3, 3), auto_pad="SAME_LOWER"),
                   dict(kernel_shape=(3, 3), strides=(2, 2), pads=(1, 1, 1, 1), ceil_mode=1)]
        with Cases() as cases:
            x = self.draw(2, 3, 8, 9)
            for window in windows:
                for order in (0, 1):
                    cases.add("MaxPool", 12, [x], 2, storage_order=order, **window)
                cases.add("MaxPool", 12, [(x * 100).astype(np.int8)], **window)
                cases.add("MaxPool", 12, [x.astype(np.float64)], 2, **window)
                for counts in (0, 1):
                    cases.add("AveragePool", 19, [x], count_include_pad=counts, **window)
                    # The runtime pools no float64; the reference pads unlike it where lengths are rounded up.
                    if "ceil_mode" not in window:
                        cases.add("AveragePool", 19, [x.astype(np.float64)], 1, reference, count_include_pad=counts,
                                  **window)
                for p in (1, 2, 3):
                    cases.add("LpPool", 18, [x], p=p, **window)
            cases.add("LpPool", 2, [self.draw(2, 3, 9)], kernel_shape=(3,), p=3)
            cases.add("LpPool", 2, [self.draw(1, 2, 4, 5, 6)], kernel_shape=(2, 3, 2))
            for p in (1, 2, 3):
                cases.add("GlobalLpPool", 2, [x], p=p)
            cases.run(self)

    def test_blocks(self):
        with Cases() as cases:
            for form, stops in ((dict(), 3 * 4), (dict(strides=(2, 1), pads=(1, 0, 0, 1), dilations=(1, 2)), 2 * 3)):
                cases.add("Col2Im", 18, [self.draw(2, 3 * 6, stops), np.array((4, 6)), np.array((2, 3))],
                          constants=(1, 2), **form)
            x, w = self.draw(2, 4, 6, 7), self.draw(6, 2, 3, 2)
            offsets = self.draw(2, 2 * 6 * 2, 4, 6) * 3
            for mask in (None, self.draw(2, 2 * 6, 4, 6)):
                cases.add("DeformConv", 19, [x, w, offsets, self.draw(6), mask], 1, reference, group=2, offset_group=2)
            for axes, shape in (((0, 1, 2, 3), (3, 3, 7, 5)), ((-1, 1), (9, 3))):
                cases.add("CenterCropPad", 18, [x, np.array(shape)], 1, reference, (1,), axes=axes)
            index = np.array([[[[0, 3], [9, 11]]]])
            cases.add("MaxUnpool", 11, [self.draw(1, 1, 2, 2), index], kernel_shape=(2, 2), strides=(2, 2))
            cases.run(self)


if __name__ == "__main__":
    unittest.main()
