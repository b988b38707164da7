internal import COnnxProto
internal import ShrinkGraph

/// What ValueInfoProto messages declare.
enum Declaration {
  /// The declared type; nil where none is declared, or none of a tensor with a known element type.
  static func type(
    of message: UnsafeMutablePointer<Onnx__ValueInfoProto>, place: String
  ) throws(ShrinkError) -> DeclaredType? {
    guard let type = message.pointee.type?.pointee, type.value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE,
      let tensor = type.tensor_type?.pointee, let dtype = DType(rawValue: tensor.elem_type)
    else { return nil }
    guard let shape = tensor.shape?.pointee else { return DeclaredType(dtype, nil) }
    var dims: [Dim] = []
    for dim in items(shape.dim, shape.n_dim) { dims.append(try size(dim.pointee, place)) }
    return DeclaredType(dtype, dims)
  }

  /// What is declared where it is no tensor; nil for tensors and where nothing is declared.
  static func container(of message: UnsafeMutablePointer<Onnx__ValueInfoProto>) -> String? {
    switch message.pointee.type?.pointee.value_case {
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE: "sequence"
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE: "optional"
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE: "map"
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE: "sparse tensor"
    default: nil
    }
  }

  /// The declaration of `value`: as it came if the type is what it says still, otherwise with the value's type put in.
  ///
  /// `own` is what stood in this list, where the value's own carry came from another one.
  static func message(
    of value: Value, own: UnsafeMutablePointer<Onnx__ValueInfoProto>? = nil, in arena: Arena
  ) throws(ShrinkError) -> UnsafeMutablePointer<Onnx__ValueInfoProto> {
    let place = "value '\(value.name)'"
    var carried = try arena.open(Onnx__ValueInfoProto.self, value.carry, place)
    if let own { carried = own }
    if try !says(carried.pointee.name, value.name, place) { carried.pointee.name = arena.text(value.name) }
    if let type = value.type, try self.type(of: carried, place: place) != type { put(type, into: carried, in: arena) }
    return carried
  }

  /// Whether only the name is left of a declaration, because its value holds it.
  static func isStub(_ message: UnsafeMutablePointer<Onnx__ValueInfoProto>) -> Bool {
    let proto = message.pointee
    return proto.type == nil && proto.doc_string == nil && proto.n_metadata_props == 0
      && proto.base.n_unknown_fields == 0
  }

  private static func size(
    _ dim: Onnx__TensorShapeProto__Dimension, _ place: String
  ) throws(ShrinkError) -> Dim {
    switch dim.value_case {
    case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE:
      return dim.dim_value >= 0 ? .known(Int(dim.dim_value)) : .unknown
    case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM:
      let symbol = try text(dim.dim_param, place)
      // Converters of PaddlePaddle write "?" for every size that they do not know: no name of anything.
      return symbol.contains { $0.isLetter || $0.isNumber } ? .symbol(symbol) : .unknown
    default: return .unknown
    }
  }

  private static func put(
    _ type: DeclaredType, into message: UnsafeMutablePointer<Onnx__ValueInfoProto>, in arena: Arena
  ) {
    let outer = message.pointee.type ?? arena.make(Onnx__TypeProto.self)
    let holdsTensor = outer.pointee.value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
    let tensor = (holdsTensor ? outer.pointee.tensor_type : nil) ?? arena.make(Onnx__TypeProto__Tensor.self)
    tensor.pointee.has_elem_type = 1
    tensor.pointee.elem_type = type.dtype.rawValue
    tensor.pointee.shape = type.dims.map { shape($0, like: tensor.pointee.shape, in: arena) }
    outer.pointee.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
    outer.pointee.tensor_type = tensor
    message.pointee.type = outer
  }

  private static func shape(
    _ dims: [Dim], like old: UnsafeMutablePointer<Onnx__TensorShapeProto>?, in arena: Arena
  ) -> UnsafeMutablePointer<Onnx__TensorShapeProto> {
    let shape = old ?? arena.make(Onnx__TensorShapeProto.self)
    let kept = items(shape.pointee.dim, shape.pointee.n_dim)
    let messages = dims.enumerated().map { axis, dim -> UnsafeMutablePointer<Onnx__TensorShapeProto__Dimension>? in
      let message = kept.count == dims.count ? kept[axis] : arena.make()
      put(dim, into: message, in: arena)
      return message
    }
    shape.pointee.n_dim = messages.count
    shape.pointee.dim = arena.array(messages)
    return shape
  }

  private static func put(
    _ dim: Dim, into message: UnsafeMutablePointer<Onnx__TensorShapeProto__Dimension>, in arena: Arena
  ) {
    switch dim {
    case .known(let size):
      message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
      message.pointee.dim_value = Int64(size)
    case .symbol(let name):
      message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
      message.pointee.dim_param = arena.text(name)
    case .unknown: message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE__NOT_SET
    }
  }
}
