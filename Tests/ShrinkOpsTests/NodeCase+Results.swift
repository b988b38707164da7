import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

/// The results of a node of ai.onnx; every operand counts as known before the network runs.
func results(
  _ opType: String, opset: Int = 17, outputs: Int = 1, _ attributes: [String: Attribute.Value] = [:],
  _ operands: Tensor?...
) throws -> [Tensor] {
  let node = NodeCase(
    opType, opset: opset, outputs: outputs, attributes, operands: operands, constants: Set(operands.indices))
  _ = try node.infer()
  return try node.run()
}

/// The first result of a node of ai.onnx.
func result(
  _ opType: String, opset: Int = 17, _ attributes: [String: Attribute.Value] = [:], _ operands: Tensor?...
) throws -> Tensor {
  let node = NodeCase(opType, opset: opset, attributes, operands: operands, constants: Set(operands.indices))
  _ = try node.infer()
  return try node.run()[0]
}

/// The results of a node of ai.onnx without attributes.
func results(_ opType: String, opset: Int = 17, outputs: Int = 1, _ operands: Tensor?...) throws -> [Tensor] {
  let node = NodeCase(
    opType, opset: opset, outputs: outputs, operands: operands, constants: Set(operands.indices))
  _ = try node.infer()
  return try node.run()
}

/// The first result of a node of ai.onnx without attributes.
func result(_ opType: String, opset: Int = 17, _ operands: Tensor?...) throws -> Tensor {
  let node = NodeCase(opType, opset: opset, operands: operands, constants: Set(operands.indices))
  _ = try node.infer()
  return try node.run()[0]
}

/// The results of a node of com.microsoft; every operand counts as known before the network runs.
func contributed(
  _ opType: String, outputs: Int = 1, _ attributes: [String: Attribute.Value], _ operands: [Tensor?]
) throws -> [Tensor] {
  let node = NodeCase(
    opType, domain: "com.microsoft", opset: 1, outputs: outputs, attributes, operands: operands,
    constants: Set(operands.indices))
  _ = try node.infer()
  return try node.run()
}

/// The results of a node of com.microsoft without attributes.
func contributed(_ opType: String, outputs: Int = 1, _ operands: [Tensor?]) throws -> [Tensor] {
  try contributed(opType, outputs: outputs, [:], operands)
}

/// Expects that a node of com.microsoft without attributes is refused with a code.
func refuses(
  _ code: ShrinkError.Code, _ opType: String, outputs: Int = 1, _ operands: [Tensor?],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  refuses(code, opType, outputs: outputs, [:], operands, sourceLocation: sourceLocation)
}

/// Expects that a node of com.microsoft is refused with a code.
func refuses(
  _ code: ShrinkError.Code, _ opType: String, outputs: Int = 1, _ attributes: [String: Attribute.Value],
  _ operands: [Tensor?], sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = #expect(throws: OperatorError.self, sourceLocation: sourceLocation) {
    try contributed(opType, outputs: outputs, attributes, operands)
  }
  #expect(error?.code == code, "\(error?.fact ?? "")", sourceLocation: sourceLocation)
}

extension Tensor {
  /// One axis of int64, as shapes and indices are given.
  static func integers(_ values: Int64...) -> Tensor { Tensor(shape: [values.count], values) }

  /// Float32 elements 0, 1, 2, ….
  static func counting(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, (0..<Tensor.count(shape)).map(Float.init))
  }

  /// Float32 elements as they are.
  var floats: [Float] { elements(Float.self) }
}
