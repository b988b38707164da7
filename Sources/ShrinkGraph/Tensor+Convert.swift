extension Tensor {
  /// The integers of an integer or boolean tensor; nil for other types, or where a uint64 does not fit.
  package var integers: [Int]? {
    switch dtype {
    case .int64: elements(Int64.self).map(Int.init)
    case .int32: elements(Int32.self).map(Int.init)
    case .int16: elements(Int16.self).map(Int.init)
    case .int8: elements(Int8.self).map(Int.init)
    case .uint8: elements(UInt8.self).map(Int.init)
    case .uint16: elements(UInt16.self).map(Int.init)
    case .uint32: elements(UInt32.self).map(Int.init)
    case .uint64: elements(UInt64.self).allSatisfy { $0 <= UInt64(Int.max) } ? elements(UInt64.self).map(Int.init) : nil
    case .bool: elements(Bool.self).map { $0 ? 1 : 0 }
    default: nil
    }
  }
}
