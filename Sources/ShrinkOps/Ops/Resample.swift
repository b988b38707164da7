import ShrinkGraph

/// Resize and Upsample: another length for each axis, by nearest neighbours or by linear or cubic interpolation.
///
/// Source: the ONNX specification of Resize, versions 10 to 19, and Upsample, versions 1 to 10.
package struct Resample: Operator {
  package static let names = ["Resize", "Upsample"]
  package static let opsets = 1...28
  package static let inputs = 1...4
  package var useOfAll: String { "resamples along them" }

  /// `keep_aspect_ratio_policy`.
  private enum Policy: String {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  /// nil for nearest neighbours.
  let filter: ResamplingFilter?
  let transformation: ResampledAxis.Transformation
  let rounding: ResampledAxis.Rounding
  let constant: Float
  private let axes: [Int]?
  private let policy: Policy
  /// Scales of Upsample before version 9.
  private let ownScales: [Float]?
  /// Slots of the operands; nil where the version has none.
  private let slots: (region: Int?, scales: Int?, sizes: Int?)

  package init(_ attributes: Attributes) throws(OperatorError) {
    let isUpsample = attributes.opType == "Upsample"
    let isSimple = isUpsample || attributes.opset < 11
    guard isUpsample || attributes.opset >= 10 else { throw .invalid("there is no Resize before opset 10") }
    let mode = try attributes.string("mode") ?? "nearest"
    guard ["nearest", "linear", "bilinear", "cubic"].contains(mode) else { throw .invalid("mode is '\(mode)'") }
    let name = try attributes.string("coordinate_transformation_mode") ?? "half_pixel"
    let nearest = try attributes.string("nearest_mode") ?? "round_prefer_floor"
    guard let transformation = ResampledAxis.Transformation(rawValue: name) else {
      throw .invalid("coordinate_transformation_mode is '\(name)'")
    }
    guard let rounding = ResampledAxis.Rounding(rawValue: nearest), rounding != .byScale else {
      throw .invalid("nearest_mode is '\(nearest)'")
    }
    self.transformation = isSimple ? .asymmetric : transformation
    self.rounding = isSimple ? .byScale : rounding
    filter =
      mode == "nearest"
      ? nil
      : ResamplingFilter(
        isCubic: mode == "cubic", coefficient: Double(try attributes.float("cubic_coeff_a", default: -0.75)),
        isAntialiased: try attributes.int("antialias", default: 0) != 0,
        excludesOutside: try attributes.int("exclude_outside", default: 0) != 0)
    constant = try attributes.float("extrapolation_value", default: 0)
    axes = try attributes.ints("axes")
    let kept = try attributes.string("keep_aspect_ratio_policy") ?? "stretch"
    guard let policy = Policy(rawValue: kept) else { throw .invalid("keep_aspect_ratio_policy is '\(kept)'") }
    self.policy = policy
    if isUpsample, attributes.opset < 7 {
      guard let height = try attributes.float("height_scale"), let width = try attributes.float("width_scale") else {
        throw .invalid("attributes 'height_scale' and 'width_scale' are missing")
      }
      ownScales = [1, 1, height, width]
    } else if isUpsample, attributes.opset < 9 {
      guard let scales = try attributes.floats("scales") else { throw .invalid("attribute 'scales' is missing") }
      ownScales = scales
    } else {
      ownScales = nil
    }
    slots = ownScales != nil ? (nil, nil, nil) : isSimple ? (nil, 1, nil) : (1, 2, 3)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    for slot in [slots.scales, slots.sizes].compactMap(\.self) {
      if let type = inputs.optional(slot), type.constant == nil, type.shape != [0] { throw .shapeDependsOnData }
    }
    let known = Operands(inputs.items.map { $0?.constant })
    return [try .sized(x.dtype, Axes.checked(resampled(x.shape, known).map(\.output), x.dtype))]
  }

  // MARK: Lengths

  /// The elements of an operand, float32 or float64; nil where it is left out or empty.
  private func numbers(_ operands: Operands<Tensor>, _ slot: Int?, _ name: String) throws(OperatorError) -> [Float]? {
    guard let slot, let tensor = operands.optional(slot), tensor.count > 0 else { return nil }
    guard tensor.rank == 1, tensor.dtype.isFloat, let numbers = tensor.numbers else {
      throw .invalid("operand '\(name)' is \(tensor.dtype)\(tensor.shape)")
    }
    return numbers.map { Float($0) }
  }

  /// Positions of the axes that the operands speak of, in their order.
  private func named(_ rank: Int) throws(OperatorError) -> [Int] {
    guard let axes else { return Array(0..<rank) }
    return try Axes.positions(axes, rank: rank)
  }

  /// Every axis, for an operand of this shape; the first operand is not looked at.
  func resampled(_ shape: [Int], _ operands: Operands<Tensor>) throws(OperatorError) -> [ResampledAxis] {
    let named = try named(shape.count)
    var result = shape.map { ResampledAxis(input: $0, output: $0, scale: 1, width: Double($0), corners: Double($0)) }
    let given = try numbers(operands, slots.scales, "scales")
    let scales = ownScales ?? given
    let sizes = slots.sizes.flatMap { operands.optional($0) }.flatMap { $0.count > 0 ? $0 : nil }
    guard (scales == nil) != (sizes == nil) else { throw .invalid("needs either scales or sizes") }
    if let scales {
      guard scales.count == named.count, scales.allSatisfy({ $0 > 0 && $0 < 0x1p31 }) else {
        throw .invalid("scales \(scales) for \(named.count) axes")
      }
      for (axis, scale) in zip(named, scales) {
        let width = Float(shape[axis]) * scale
        guard width < 0x1p40 else { throw .invalid("scales an axis of \(shape[axis]) by \(scale)") }
        result[axis] = ResampledAxis(
          input: shape[axis], output: Int(width), scale: scale, width: Double(width), corners: Double(width))
      }
    } else if let sizes {
      guard let lengths = sizes.integers, lengths.count == named.count, lengths.allSatisfy({ (0..<1 << 40) ~= $0 })
      else {
        throw .invalid("sizes \(sizes.integers ?? []) for \(named.count) axes")
      }
      set(lengths, named, &result)
    }
    if transformation == .cropAndResize { try setRegions(operands, named, &result) }
    guard result.allSatisfy({ $0.input > 0 || $0.output == 0 }) else {
      throw .invalid("makes \(result.map(\.output)) of an empty tensor of shape \(shape)")
    }
    return result
  }

  private func set(_ lengths: [Int], _ named: [Int], _ result: inout [ResampledAxis]) {
    let ratios = zip(lengths, named).map { Float($0) / Float(result[$1].input) }
    let common = policy == .notLarger ? ratios.min() : policy == .notSmaller ? ratios.max() : nil
    for (i, axis) in named.enumerated() {
      let input = result[axis].input
      if let common {
        let width = Double(common * Float(input))
        let output = width < 0x1p40 ? Int((width + 0.5).rounded(.down)) : 1 << 40
        result[axis] = ResampledAxis(
          input: input, output: output, scale: common, width: width, corners: Double(output))
      } else {
        let length = Double(lengths[i])
        result[axis] = ResampledAxis(
          input: input, output: lengths[i], scale: ratios[i], width: length, corners: length)
      }
    }
  }

  private func setRegions(
    _ operands: Operands<Tensor>, _ named: [Int], _ result: inout [ResampledAxis]
  ) throws(OperatorError) {
    // The types are inferred without the regions: they do not change the lengths.
    guard let regions = try numbers(operands, slots.region, "roi") else { return }
    guard regions.count == 2 * named.count, regions.allSatisfy(\.isFinite) else {
      throw .invalid("roi \(regions) for \(named.count) axes")
    }
    for (i, axis) in named.enumerated() { result[axis].region = (regions[i], regions[i + named.count]) }
  }

  // MARK: Elements

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let axes = try resampled(x.shape, inputs)
    let shape = try Axes.checked(axes.map(\.output), x.dtype)
    guard !shape.contains(0) else { return [.empty(x.dtype, shape)] }
    guard let filter else {
      let sources = axes.map { $0.nearest(transformation, rounding) }
      let fill = sources.contains { $0.contains(-1) } ? try Conversion.convert(Tensor(constant), to: x.dtype) : nil
      return [try IndexedCopy.copied(x, sources, fill: fill)]
    }
    switch x.dtype {
    case .float32: return [try interpolated(x, axes, filter, Float.self)]
    case .float64: return [try interpolated(x, axes, filter, Double.self)]
    case .float16, .bfloat16: return try Conversion.widening(inputs, run)
    case .bool: throw .noKernel(for: x.dtype)
    default:
      let y = try interpolated(Conversion.convert(x, to: .float64), axes, filter, Double.self)
      return [try Conversion.saturated(y, to: x.dtype)]
    }
  }

  /// One pass for each axis: those that shrink most first, of those that grow the last one first.
  ///
  /// Passes along the last axis gather single elements, so they should see few of them.
  private func interpolated<T: FloatElement>(
    _ x: Tensor, _ axes: [ResampledAxis], _ filter: ResamplingFilter, _ type: T.Type
  ) throws(OperatorError) -> Tensor {
    var result = x
    let growth = axes.map { Double($0.output) / Double($0.input) }
    let order = axes.indices.sorted { a, b in
      growth[a] != growth[b] ? growth[a] < growth[b] : growth[a] < 1 ? a < b : a > b
    }
    for axis in order {
      let taps = axes[axis].taps(transformation, filter)
      if !taps.isIdentity { result = try taps.applied(to: result, axis: axis, constant: T(constant)) }
    }
    return result
  }

  // MARK: Coupling

  /// Axes that keep every element, whatever their length.
  private func kept(_ inputs: Operands<TensorType>) -> [ResampledAxis?] {
    let known = Operands(inputs.items.map { $0?.constant })
    guard let axes = try? resampled(inputs[0].shape, known), policy == .stretch else { return [] }
    let region = slots.region.flatMap { inputs.optional($0) }
    guard transformation != .cropAndResize || region?.constant != nil else { return [] }
    return axes.map { axis in
      guard axis.input == axis.output, axis.scale == 1, axis.input > 1 else { return nil }
      let isKept =
        filter.map { axis.taps(transformation, $0).isIdentity }
        ?? (axis.nearest(transformation, rounding) == Array(0..<axis.input))
      return isKept ? axis : nil
    }
  }

  package func couple(_ c: inout Coupling) {
    guard let named = try? named(c.inputs[0].shape.count) else { return }
    // Lengths that are computed hold for the sizes of this run alone, but for those that are the operand's own.
    let computed = [slots.scales, slots.sizes].compactMap(\.self).filter {
      c.inputs.optional($0).map { $0.shape != [0] } ?? false && !c.isStored($0)
    }
    for (axis, kept) in kept(c.inputs).enumerated() where kept != nil {
      let isOwn = computed.allSatisfy { slot in
        guard let position = named.firstIndex(of: axis) else { return true }
        return slot == slots.sizes
          ? c.element(slot, position) == .size(.input(0, axis)) : c.isNumber(slot, position, 1)
      }
      if isOwn { c.tie(.input(0, axis), .output(0, axis)) }
    }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard let slot = slots.sizes, c.isStored(slot), let sizes = c.inputs.optional(slot)?.constant?.integers,
      !sizes.isEmpty,
      let named = try? named(c.inputs[0].shape.count), named.count == sizes.count
    else { return [] }
    let new = named.map { size(.output(0, $0)) }
    return new == sizes ? [] : [.operand(slot, Tensor(shape: [new.count], new.map(Int64.init)))]
  }
}
