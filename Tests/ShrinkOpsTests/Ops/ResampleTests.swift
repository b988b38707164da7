import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct ResampleTests {
  private static func text(_ words: [String: String]) -> [String: Attribute.Value] {
    words.mapValues { .string(Array($0.utf8)) }
  }
  private let x = Tensor(shape: [1, 1, 2, 2], [1, 2, 3, 4] as [Float])

  /// Resizes the last axis of `values` to `sizes` or by `scale`.
  private func line(
    _ values: [Float], to size: Int64? = nil, by scale: Float? = nil, region: [Float]? = nil, opset: Int = 19,
    _ words: [String: String], _ more: [String: Attribute.Value] = [:]
  ) throws -> [Float] {
    let attributes = Self.text(words).merging(more) { $1 }
    let x = Tensor(shape: [1, values.count], values)
    return try result(
      "Resize", opset: opset, attributes, x, region.map { Tensor(shape: [4], [0, $0[0], 1, $0[1]]) },
      scale.map { Tensor(shape: [2], [1, $0]) }, size.map { Tensor(shape: [2], [1, $0]) }
    ).floats
  }

  @Test(arguments: ["nearest", "linear", "cubic"]) func obeysTheLaws(_ mode: String) throws {
    let scales = Tensor(shape: [4], [1, 1, 2, 1.5] as [Float])
    let sizes = Tensor.integers(2, 3, 2, 7)
    try checkLaws(
      "Resize", opset: 13, Self.text(["mode": mode]), operands: [.random([2, 3, 4, 5]), .absent, .tensor(scales)],
      constants: [2])
    try checkLaws(
      "Resize", opset: 19, Self.text(["mode": mode]),
      operands: [.random([2, 3, 4, 5]), .absent, .absent, .tensor(sizes)], constants: [3])
    guard mode != "cubic" else { return }
    try checkLaws(
      "Upsample", opset: 9, Self.text(["mode": mode]), operands: [.random([2, 3, 4, 5]), .tensor(scales)],
      constants: [1])
    try checkLaws(
      "Upsample", opset: 7, ["scales": .floats([1, 1, 2, 3])], operands: [.random([2, 3, 4, 5])])
  }

  @Test func repeatsNeighbours() throws {
    #expect(try line([1, 2], by: 2, ["mode": "nearest"]) == [1, 1, 2, 2])
    #expect(
      try line([1, 2, 3], to: 5, ["coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"])
        == [1, 1, 2, 2, 3])
    #expect(
      try line([1, 2, 3], to: 5, ["coordinate_transformation_mode": "align_corners", "nearest_mode": "ceil"])
        == [1, 2, 2, 3, 3])
    #expect(try line([1, 2, 3, 4], to: 2, ["coordinate_transformation_mode": "tf_half_pixel_for_nn"]) == [2, 4])
    let small = try result(
      "Resize", opset: 10, [:], Tensor(shape: [1, 4], [1, 2, 3, 4] as [Float]), Tensor(shape: [2], [1, 0.6] as [Float]))
    #expect(small.floats == [1, 3])
    let large = try result("Upsample", opset: 1, ["height_scale": .float(1), "width_scale": .float(2)], x)
    #expect(large.floats == [1, 1, 2, 2, 3, 3, 4, 4])
  }

  @Test func interpolatesLinearly() throws {
    #expect(try line([1, 2], by: 2, ["mode": "linear"]) == [1, 1.25, 1.75, 2])
    #expect(
      try line([1, 3], to: 3, ["mode": "linear", "coordinate_transformation_mode": "align_corners"]) == [1, 2, 3])
    #expect(
      try line([1, 3, 5], to: 1, ["mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"]) == [1])
    #expect(try line([0, 4, 8, 12], to: 2, ["mode": "linear"]) == [2, 10])
    #expect(
      try line([0, 4, 8, 12], to: 2, ["mode": "linear"], ["antialias": .int(1)]).map { ($0 * 4).rounded() / 4 }
        == [2.5, 9.5])
    #expect(
      try line(
        [0, 4, 8], to: 3, region: [0.5, 1.5],
        ["mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize"],
        ["extrapolation_value": .float(9)]) == [4, 8, 9])
    let square = try result(
      "Resize", opset: 11, Self.text(["mode": "linear", "coordinate_transformation_mode": "align_corners"]), x, nil,
      nil,
      Tensor.integers(1, 1, 3, 3))
    #expect(square.floats == [1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4])
  }

  @Test func interpolatesCubically() throws {
    // Half way between two elements: -a/8 outside and 1/2 + a/8 inside, with a = -1/2.
    let y = try line(
      [0, 0, 16, 0, 0], to: 9, ["mode": "cubic", "coordinate_transformation_mode": "align_corners"],
      ["cubic_coeff_a": .float(-0.5)])
    #expect(y == [0, -1, 0, 9, 16, 9, 0, -1, 0])
  }

  @Test func keepsTheAspectRatio() throws {
    let x = Tensor(shape: [1, 1, 2, 4], repeating: Float(1))
    let shape = { (policy: String) in
      try result(
        "Resize", opset: 19,
        Self.text(["keep_aspect_ratio_policy": policy]).merging(["axes": .ints([2, 3])]) { $1 }, x, nil, nil,
        Tensor.integers(6, 8)
      ).shape
    }
    #expect(try shape("stretch") == [1, 1, 6, 8])
    #expect(try shape("not_larger") == [1, 1, 4, 8])
    #expect(try shape("not_smaller") == [1, 1, 6, 12])
  }

  @Test func resizesOtherTypes() throws {
    let linear = Self.text(["mode": "linear"]), two = Tensor(shape: [1], [2] as [Float])
    let bytes = try result("Resize", linear, Tensor(shape: [2], [0, 255] as [UInt8]), nil, two)
    #expect(bytes == Tensor(shape: [4], [0, 64, 191, 255] as [UInt8]))
    let wide = try result("Resize", linear, Tensor(shape: [2], [0, 4] as [Double]), nil, two)
    #expect(wide == Tensor(shape: [4], [0, 1, 3, 4] as [Double]))
    let half = try Conversion.convert(Tensor(shape: [2], [0, 4] as [Float]), to: .float16)
    #expect(try result("Resize", linear, half, nil, two).numbers == [0, 1, 3, 4])
  }

  @Test func refusesWhatDoesNotFit() {
    func refuses(_ scales: [Float]?, _ sizes: [Int64]?, _ words: [String: String] = [:], constants: Set<Int> = [2, 3]) {
      #expect(throws: OperatorError.self) {
        try NodeCase(
          "Resize", opset: 19, Self.text(words),
          operands: [
            x, nil, scales.map { Tensor(shape: [$0.count], $0) }, sizes.map { Tensor(shape: [$0.count], $0) },
          ],
          constants: constants
        ).infer()
      }
    }
    refuses(nil, nil)
    refuses([1, 1, 2, 2], [1, 1, 4, 4])
    refuses([2, 2], nil)
    refuses([1, 1, 0, 2], nil)
    refuses([1, 1, -1, 2], nil)
    refuses([1, 1, .nan, .infinity], nil)
    refuses([1e9, 1e9, 1e9, 1e9], nil)
    refuses(nil, [1, 1, -1, 2])
    refuses(nil, [1, 1, .max, 2])
    refuses([1, 1, 2, 2], nil, ["mode": "sharp"])
    refuses([1, 1, 2, 2], nil, ["nearest_mode": "by_scale"])
    refuses([1, 1, 2, 2], nil, ["coordinate_transformation_mode": "left"])
    refuses([1, 1, 2, 2], nil, constants: [])
    #expect(throws: OperatorError.self) {
      try result("Resize", [:], Tensor(shape: [0], [Float]()), nil, nil, Tensor.integers(3))
    }
  }
}
