import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport

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
