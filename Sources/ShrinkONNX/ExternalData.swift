import Glibc
internal import COnnxProto
internal import ShrinkGraph

/// Weights in files beside the model.
///
/// Only files inside the model's own folder are read, links followed.
final class ExternalData {
  private let folder: String?
  private var files: [String: FileBytes] = [:]
  /// Whether any tensor was read from a file of its own.
  private(set) var wasUsed = false

  /// Reads files in `folder`; nil when the model came without one.
  init(folder: String?) { self.folder = folder }

  /// Where the elements of a tensor with `data_location` EXTERNAL stand: `count` bytes from `offset` of `storage` on.
  func bytes(
    of tensor: UnsafeMutablePointer<Onnx__TensorProto>, place: String
  ) throws(ShrinkError) -> (storage: TensorStorage, offset: Int, count: Int) {
    wasUsed = true
    var location = ""
    var offset = 0
    var length: Int?
    for entry in items(tensor.pointee.external_data, tensor.pointee.n_external_data) {
      let value = try text(entry.pointee.value, place)
      switch try text(entry.pointee.key, place) {
      case "location": location = value
      case "offset": offset = try number(value, "offset", place)
      case "length": length = try number(value, "length", place)
      default: break
      }
    }
    let storage = try file(location, place).storage
    let rest = storage.byteCount - offset
    guard rest >= 0, length ?? 0 <= rest else {
      throw ShrinkError(
        .malformedModel, place: place,
        "its data are \(length.map(String.init) ?? "the") bytes from byte \(offset) of '\(location)' on, "
          + "which has only \(storage.byteCount) bytes",
        hint: "the data file is cut off or belongs to another model: copy both files again")
    }
    return (storage, offset, length ?? rest)
  }

  private func number(_ value: String, _ key: String, _ place: String) throws(ShrinkError) -> Int {
    guard let number = Int(value), number >= 0 else {
      throw ShrinkError(
        .malformedModel, place: place, "the \(key) of its external data is '\(value)', not a number of bytes",
        hint: "export the model again")
    }
    return number
  }

  private func file(_ location: String, _ place: String) throws(ShrinkError) -> FileBytes {
    if let file = files[location] { return file }
    guard let folder else {
      throw ShrinkError(
        .malformedModel, place: place, "its data are in '\(location)', but the model was given without a folder",
        hint: "open the model by its path")
    }
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.isEmpty, !location.hasPrefix("/"), !location.contains("\\"), !parts.contains("..") else {
      throw .outside(location, place)
    }
    guard let root = resolved(folder), let path = resolved(folder + "/" + location) else {
      throw ShrinkError(
        .io, place: place, "its data file '\(location)' is not beside the model",
        hint: "copy '\(location)' into the folder of the model")
    }
    guard path.hasPrefix(root.hasSuffix("/") ? root : root + "/") else { throw .outside(location, place) }
    do {
      let file = try FileBytes(path: path)
      files[location] = file
      return file
    } catch { throw error.at(place) }
  }

  private func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }
}

extension ShrinkError {
  fileprivate static func outside(_ location: String, _ place: String) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: place, "its data file '\(location)' is not inside the folder of the model",
      hint: "only files below the model's own folder are read: move the data there and export the model again")
  }
}
