import ShrinkGraph

/// Typed access to a node's attributes, with the operator set version they are to be read by.
package struct Attributes: Sendable {
  /// Operator, as its operator set spells it.
  package let opType: String
  /// Domain of the operator set; empty for ai.onnx.
  package let domain: String
  /// Version of the operator set that the model imports.
  package let opset: Int
  /// How many results the node names.
  package let outputs: Int
  private let byName: [String: Attribute.Value]

  /// Wraps the attributes of a node.
  package init(_ node: Node, opset: Int) {
    self.init(
      node.opType, domain: node.domain, opset: opset, outputs: node.outputs.count,
      Dictionary(node.attributes.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }))
  }

  /// Makes attributes from values.
  package init(
    _ opType: String, domain: String = "", opset: Int, outputs: Int = 1, _ values: [String: Attribute.Value] = [:]
  ) {
    self.opType = opType
    self.domain = domain
    self.opset = opset
    self.outputs = outputs
    byName = values
  }

  /// Whether it is given.
  package func has(_ name: String) -> Bool { byName[name] != nil }

  /// An integer; nil when it is left out, or does not fit.
  package func int(_ name: String) throws(OperatorError) -> Int? {
    switch byName[name] {
    case nil: nil
    case .int(let value): Int(value)
    default: throw .wrongType(name, "an integer")
    }
  }
  /// An integer with a default.
  package func int(_ name: String, default value: Int) throws(OperatorError) -> Int { try int(name) ?? value }

  /// An element type by its number in ONNX; nil when it is left out.
  package func dtype(_ name: String) throws(OperatorError) -> DType? {
    guard let number = try int(name) else { return nil }
    guard let dtype = Int32(exactly: number).flatMap(DType.init(rawValue:)) else {
      throw .invalid("attribute '\(name)' is \(number), which is no element type")
    }
    return dtype
  }

  /// A list of integers; nil when it is left out.
  package func ints(_ name: String) throws(OperatorError) -> [Int]? {
    switch byName[name] {
    case nil: nil
    case .ints(let values): values.map(Int.init)
    default: throw .wrongType(name, "a list of integers")
    }
  }

  /// A number; nil when it is left out.
  package func float(_ name: String) throws(OperatorError) -> Float? {
    switch byName[name] {
    case nil: nil
    case .float(let value): value
    default: throw .wrongType(name, "a number")
    }
  }
  /// A number with a default.
  package func float(_ name: String, default value: Float) throws(OperatorError) -> Float { try float(name) ?? value }

  /// A list of numbers; nil when it is left out.
  package func floats(_ name: String) throws(OperatorError) -> [Float]? {
    switch byName[name] {
    case nil: nil
    case .floats(let values): values
    default: throw .wrongType(name, "a list of numbers")
    }
  }

  /// A text; nil when it is left out.
  package func string(_ name: String) throws(OperatorError) -> String? {
    switch byName[name] {
    case nil: nil
    case .string(let bytes): String(decoding: bytes, as: UTF8.self)
    default: throw .wrongType(name, "a text")
    }
  }

  /// A list of texts; nil when it is left out.
  package func strings(_ name: String) throws(OperatorError) -> [String]? {
    switch byName[name] {
    case nil: nil
    case .strings(let values): values.map { String(decoding: $0, as: UTF8.self) }
    default: throw .wrongType(name, "a list of texts")
    }
  }

  /// A tensor; nil when it is left out.
  package func tensor(_ name: String) throws(OperatorError) -> Tensor? {
    switch byName[name] {
    case nil: nil
    case .tensor(let value): value
    default: throw .wrongType(name, "a tensor")
    }
  }
}

extension OperatorError {
  fileprivate static func wrongType(_ name: String, _ wanted: String) -> OperatorError {
    .invalid("attribute '\(name)' must be \(wanted)")
  }
}
