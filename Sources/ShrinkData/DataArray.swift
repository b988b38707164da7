import ShrinkGraph

/// An array in a data file: where its elements stand, nothing loaded.
struct DataArray: Sendable {
  /// File that holds it.
  var file: String
  /// Its name in the file, or the input that raw bytes are for.
  var key: String
  /// Element type in the file.
  var dtype: DType
  /// Size of each axis.
  var shape: [Int]
  /// The mapped bytes.
  var storage: TensorStorage
  /// Where the first element stands.
  var offset: Int
  /// Whether the first axis varies fastest.
  var isFortran = false

  /// How messages name it.
  var place: String { "array '\(key)'" }

  /// Opens the array of an `.npy` file, or of mapped bytes of one.
  ///
  /// Throws `badData` when the sizes do not agree.
  init(npy storage: TensorStorage, offset start: Int, byteCount: Int, file: String, key: String) throws(ShrinkError) {
    let bytes = UnsafeRawBufferPointer(start: storage.bytes + start, count: byteCount)
    let header = try NpyHeader.read(bytes, file: file, key: key)
    guard byteCount - header.dataOffset >= header.payload else {
      throw .truncated(file, key, header, holds: byteCount - header.dataOffset)
    }
    self.init(header, storage: storage, offset: start + header.dataOffset, file: file, key: key)
  }

  /// An array whose header has been read.
  init(_ header: NpyHeader, storage: TensorStorage, offset: Int, file: String, key: String) {
    self.init(file: file, key: key, dtype: header.dtype, shape: header.shape, storage: storage, offset: offset)
    isFortran = header.isFortran && header.shape.count > 1
  }

  /// Raw elements that stand in `storage` from its first byte on.
  init(file: String, key: String, dtype: DType, shape: [Int], storage: TensorStorage, offset: Int) {
    self.file = file
    self.key = key
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
    self.offset = offset
  }

  /// Opens an `.npy` file.
  init(npyFile path: String) throws(ShrinkError) {
    let storage = try MappedFile.open(path)
    let name = path.split(separator: "/").last.map(String.init) ?? path
    try self.init(npy: storage, offset: 0, byteCount: storage.byteCount, file: path, key: name)
  }

  /// Opens raw little-endian elements for an input: any number of samples, each of the input's shape without its first
  /// axis.
  ///
  /// Throws `badData` when the input has no such fixed size, or the file's size is no multiple of it.
  init(rawFile path: String, for input: InputSpec) throws(ShrinkError) {
    let storage = try MappedFile.open(path)
    let inner = input.dims.dropFirst().map(\.size)
    let sizes = inner.compactMap(\.self)
    guard sizes.count == inner.count else { throw .openShape(path, input) }
    guard let count = Tensor.checkedCount(sizes), let bytes = input.dtype.byteCount(count), bytes > 0,
      input.dtype.bits >= 8
    else { throw .noRawForm(path, input) }
    guard storage.byteCount % bytes == 0 else { throw .rawSize(path, input, holds: storage.byteCount, sample: bytes) }
    let samples = storage.byteCount / bytes
    let shape = input.dims.isEmpty && samples == 1 ? [] : [samples] + sizes
    self.init(file: path, key: input.name, dtype: input.dtype, shape: shape, storage: storage, offset: 0)
  }

  /// The whole array as elements of `wanted`.
  func whole(as wanted: DType) throws(ShrinkError) -> Tensor {
    var single = self
    single.shape = [1] + shape
    return try single.entries([0], as: wanted).reshaped(shape)
  }

  /// Entries of the first axis, stacked in the given order: a view where they are contiguous and need no conversion.
  ///
  /// Indices must be within the axis. Throws `badData` for numbers that are not finite or do not fit, naming the
  /// sample.
  func entries(_ indices: [Int], as wanted: DType) throws(ShrinkError) -> Tensor {
    precondition(indices.allSatisfy { $0 >= 0 && $0 < shape[0] })
    let raw = isFortran ? gatherFortran(indices) : contiguous(indices) ?? gather(indices)
    let result = try Conversion.convert(raw, to: wanted) { position in outOfRange(position, indices, wanted) }
    if let position = Conversion.firstInvalid(result) { throw invalid(position, indices, result.dtype) }
    return result
  }

  private var rowCount: Int { Tensor.count(Array(shape.dropFirst())) }
  private var elementBytes: Int { dtype.bits / 8 }

  private func contiguous(_ indices: [Int]) -> Tensor? {
    guard let first = indices.first, indices.enumerated().allSatisfy({ $0.element == first + $0.offset }) else {
      return nil
    }
    let start = offset + first * rowCount * elementBytes
    let alignment = min(elementBytes, 8)
    guard UInt(bitPattern: storage.bytes + start) % UInt(alignment) == 0 else { return nil }
    return Tensor(dtype: dtype, shape: [indices.count] + shape.dropFirst(), storage: storage, offset: start)
  }

  private func gather(_ indices: [Int]) -> Tensor {
    let row = rowCount * elementBytes
    let copy = TensorStorage(byteCount: indices.count * row)
    for (to, from) in indices.enumerated() where row > 0 {
      (copy.bytes + to * row).copyMemory(from: storage.bytes + offset + from * row, byteCount: row)
    }
    return Tensor(dtype: dtype, shape: [indices.count] + shape.dropFirst(), storage: copy)
  }

  /// Element (n, i, j, …) of a Fortran array stands at n + N·(i + I·(j + …)).
  private func gatherFortran(_ indices: [Int]) -> Tensor {
    let inner = Array(shape.dropFirst())
    let copy = TensorStorage(byteCount: indices.count * rowCount * elementBytes)
    var position = [Int](repeating: 0, count: inner.count)
    for element in 0..<rowCount {
      let place = zip(position, inner).reversed().reduce(0) { $0 * $1.1 + $1.0 }
      for (to, from) in indices.enumerated() {
        (copy.bytes + (to * rowCount + element) * elementBytes).copyMemory(
          from: storage.bytes + offset + (from + shape[0] * place) * elementBytes, byteCount: elementBytes)
      }
      advance(&position, in: inner)
    }
    return Tensor(dtype: dtype, shape: [indices.count] + inner, storage: copy)
  }

  private func advance(_ position: inout [Int], in sizes: [Int]) {
    for axis in sizes.indices.reversed() {
      position[axis] += 1
      if position[axis] < sizes[axis] { return }
      position[axis] = 0
    }
  }

  private func invalid(_ position: Int, _ indices: [Int], _ dtype: DType) -> ShrinkError {
    let sample = indices[position / max(rowCount, 1)]
    return ShrinkError(
      .badData, file: file, place: place,
      dtype == .bool
        ? "sample \(sample) holds a byte that is neither 0 nor 1" : "sample \(sample) holds NaN or infinity",
      hint: "leave such samples out or repair them; --data must hold the finite inputs that the network sees in use")
  }

  private func outOfRange(_ position: Int, _ indices: [Int], _ wanted: DType) -> ShrinkError {
    ShrinkError(
      .badData, file: file, place: place,
      "sample \(indices[position / max(rowCount, 1)]) holds a number that does not fit the input's type \(wanted)",
      hint: "save the array with the type of the input")
  }
}

extension NpyHeader {
  /// Reads the header of a named array; errors name file and array.
  static func read(_ bytes: UnsafeRawBufferPointer, file: String, key: String) throws(ShrinkError) -> NpyHeader {
    do { return try NpyHeader(bytes) } catch { throw error.inFile(file).at("array '\(key)'") }
  }
}

extension ShrinkError {
  fileprivate static func truncated(_ file: String, _ key: String, _ header: NpyHeader, holds: Int) -> ShrinkError {
    ShrinkError(
      .badData, file: file, place: "array '\(key)'",
      "is cut off: \(shapeText(header.shape)) elements of \(header.dtype) are \(header.payload) bytes, the file holds "
        + "\(holds)", hint: "copy or save the file again")
  }
  fileprivate static func openShape(_ path: String, _ input: InputSpec) -> ShrinkError {
    ShrinkError(
      .badData, file: path, place: "input '\(input.name)'",
      "raw bytes do not say the sizes of the symbolic axes of \(input.shapeText)",
      hint: "save the samples as .npy or .npz, which hold their shape")
  }
  fileprivate static func noRawForm(_ path: String, _ input: InputSpec) -> ShrinkError {
    ShrinkError(
      .badData, file: path, place: "input '\(input.name)'",
      "elements of \(input.dtype) \(input.shapeText) have no raw form",
      hint: "cut the model behind this input")
  }
  fileprivate static func rawSize(_ path: String, _ input: InputSpec, holds: Int, sample: Int) -> ShrinkError {
    ShrinkError(
      .badData, file: path, place: "input '\(input.name)'",
      "holds \(holds) bytes, which is no multiple of the \(sample) bytes of one sample (\(input.dtype) "
        + "\(input.sampleText))",
      hint: "write whole samples one after another, as little-endian \(input.dtype)")
  }
}
