import ShrinkGraph
import ShrinkOps

/// An attribute that an operator reads, and how.
package struct KnownAttribute: Sendable, Hashable {
  /// How it is read.
  package enum Kind: String, Sendable {
    case int, ints, float, floats, string, tensor
  }
  package let name: String
  package let kind: Kind

  /// Names it.
  package init(_ name: String, _ kind: Kind) { (self.name, self.kind) = (name, kind) }
}

/// Draws nodes with small operands, valid or not: what a broken file may hold.
package struct RandomNode {
  private var rng: SplitMix64
  /// Attributes to choose from.
  private let attributes: [KnownAttribute]
  /// Texts that an attribute may hold.
  private let texts: [String]

  /// Starts at a seed.
  package init(seed: UInt64, attributes: [KnownAttribute], texts: [String]) {
    rng = SplitMix64(seed: seed)
    (self.attributes, self.texts) = (attributes, texts)
  }

  /// A node of an operator, drawn freely.
  package mutating func node(_ type: any Operator.Type) -> NodeCase {
    let most = min(type.inputs.upperBound, type.inputs.lowerBound + 6)
    var count = pick(Array(type.inputs.lowerBound...max(type.inputs.lowerBound, most)))
    if chance(20) { count = pick([0, 1, 2, 3, 8]) }
    let theme = shape()
    let dtype = chance(2) ? .float32 : pick(Self.dtypes)
    let operands = (0..<count).map { slot in
      slot >= type.inputs.lowerBound && chance(5) ? nil : operand(theme, dtype)
    }
    var values: [String: Attribute.Value] = [:]
    for attribute in attributes where chance(2) { values[attribute.name] = value(attribute.kind) }
    return NodeCase(
      pick(type.names), domain: type.domain, opset: pick(Array(type.opsets)),
      outputs: chance(20) ? 0 : pick([1, 1, 2, 3, 4]), values,
      operands: operands, constants: known(count))
  }

  /// A node like the one given, with one to three things in it changed.
  package mutating func mutation(of node: NodeCase) -> NodeCase {
    var node = node
    for _ in 0..<pick([1, 1, 2, 3]) {
      let slot = node.operands.isEmpty ? -1 : pick(Array(node.operands.indices))
      switch pick(Array(0..<8)) {
      case 0: node.opset = pick(Array(1...28))
      case 1: node.outputs = pick([0, 1, 2, 3, 5])
      case 2 where !attributes.isEmpty:
        let attribute = pick(attributes)
        node.attributes[attribute.name] = value(attribute.kind)
      case 3: node.attributes = node.attributes.filter { _ in !chance(3) }
      case 4 where slot >= 0: node.operands[slot] = chance(3) ? nil : operand(shape(), pick(Self.dtypes))
      case 5 where slot >= 0: node.operands[slot] = node.operands[slot].map { resized($0) }
      case 6 where slot >= 0: node.operands[slot] = node.operands[slot].map { tensor($0.dtype, $0.shape) }
      default: if slot >= 0 { node.operands[slot] = node.operands[slot].map { tensor(pick(Self.dtypes), $0.shape) } }
      }
    }
    node.constants = known(node.operands.count)
    return node
  }

  /// Shapes too large to hold, which a file can still declare.
  package mutating func hugeShape() -> [Int] {
    (0..<pick([0, 1, 2, 3, 4, 5])).map { _ in pick([0, 0, 1, 2, 3, 4, 5, 1 << 20, 1 << 31, 1 << 40, 1 << 52]) }
  }

  private mutating func known(_ count: Int) -> Set<Int> {
    let share = pick([0, 1, 2])
    return Set((0..<count).filter { _ in share == 0 || (share == 2 && chance(2)) })
  }

  private static let dtypes: [DType] =
    [.float32, .float64, .float16, .bfloat16, .int64, .int32, .int8, .uint8, .bool, .int16, .uint16, .uint32, .uint64]
    + [
      .float32, .int64, .bool, .float8e4m3fn, .float8e5m2, .int4, .uint4, .uint2, .float4e2m1, .complex64, .complex128,
    ]
  private static let sizes: [Int64] = [0, 0, 1, 1, -1, 2, 2, 3, -2, 4, -3, 5, 7]
  private static let extremes: [Int64] =
    [.min, .max, .min + 1, 1 << 31, -1 << 31, 1 << 32, 1 << 62, 1 << 40, -1 << 62, 100, -100]

  private mutating func chance(_ outOf: Int) -> Bool { Int.random(in: 0..<outOf, using: &rng) == 0 }
  private mutating func pick<T>(_ items: [T]) -> T { items[Int.random(in: items.indices, using: &rng)] }

  private mutating func integer() -> Int64 { chance(12) ? pick(Self.extremes) : pick(Self.sizes) }
  private mutating func number() -> Float {
    chance(12)
      ? pick([.nan, .infinity, -.infinity, 1e38, -1e38, 1e-40, 3e9, -3e9]) : pick([0, -0.0, 1, -1, 0.5, 2, -2.5])
  }

  private mutating func shape() -> [Int] {
    let rank = pick([0, 1, 1, 2, 2, 3, 3, 4, 4, 5])
    if chance(3) { return [Int](repeating: pick([1, 2, 2, 3, 0]), count: rank) }
    return (0..<rank).map { _ in pick([0, 1, 1, 2, 2, 3, 3, 4]) }
  }

  private mutating func operand(_ theme: [Int], _ dtype: DType) -> Tensor {
    let dtype = chance(5) ? pick(Self.dtypes) : dtype
    switch pick(Array(0..<10)) {
    case 0..<4: return tensor(dtype, theme)
    case 4: return tensor(dtype, theme.map { chance(3) ? 1 : $0 })
    case 5: return tensor(dtype, Array(theme.dropFirst(pick([0, 1, 2]))))
    case 6: return tensor(chance(8) ? .int32 : .int64, [chance(2) ? theme.count : pick([0, 1, 2, 3, 4, 8])])
    case 7: return tensor(.int64, chance(2) ? [] : theme)
    case 8: return tensor(dtype, chance(2) ? [] : theme.suffix(1))
    default: return tensor(dtype, shape())
    }
  }

  private mutating func resized(_ x: Tensor) -> Tensor {
    var shape = x.shape
    if shape.isEmpty || chance(4) {
      shape.insert(pick([0, 1, 2]), at: pick(Array(0...shape.count)))
    } else {
      let axis = pick(Array(shape.indices))
      if chance(3) { shape.remove(at: axis) } else { shape[axis] = pick([0, 1, 2, 3, shape[axis] + 1]) }
    }
    return tensor(x.dtype, shape.map { min($0, 64) })
  }

  private mutating func tensor(_ dtype: DType, _ shape: [Int]) -> Tensor {
    let count = Tensor.count(shape)
    switch dtype {
    case .float32: return Tensor(shape: shape, (0..<count).map { _ in number() })
    case .float64: return Tensor(shape: shape, (0..<count).map { _ in Double(number()) })
    case .int64: return Tensor(shape: shape, (0..<count).map { _ in integer() })
    case .int32: return Tensor(shape: shape, (0..<count).map { _ in Int32(clamping: integer()) })
    case .bool: return Tensor(shape: shape, (0..<count).map { _ in chance(2) })
    default:
      let storage = TensorStorage(byteCount: dtype.byteCount(count) ?? 0)
      for i in 0..<storage.byteCount {
        storage.bytes.storeBytes(of: UInt8.random(in: .min ... .max, using: &rng), toByteOffset: i, as: UInt8.self)
      }
      return Tensor(dtype: dtype, shape: shape, storage: storage)
    }
  }

  private mutating func value(_ kind: KnownAttribute.Kind) -> Attribute.Value {
    if chance(30) { return pick([.int(1), .ints([]), .float(1), .floats([]), .string([]), .ints([1, 2])]) }
    switch kind {
    case .int: return .int(chance(4) ? pick([1, 9, 7, 10, 16]) : integer())
    case .ints:
      let same = chance(3) ? integer() : nil
      return .ints((0..<pick([0, 1, 2, 2, 3, 4, 6])).map { _ in same ?? integer() })
    case .float: return .float(number())
    case .floats: return .floats((0..<pick([0, 1, 2, 3])).map { _ in number() })
    case .string: return .string(Array((chance(10) ? "?" : pick(texts)).utf8))
    case .tensor: return .tensor(tensor(pick(Self.dtypes), shape()))
    }
  }
}
