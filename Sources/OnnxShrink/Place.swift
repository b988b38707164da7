import Foundation
import ShrinkGraph

/// Where a model file is put: written in a folder of its own beside its place, and moved there once it is good.
///
/// The folder lets weights in a file beside the model carry their final name from the start, so that the verifier opens
/// what the user will open.
final class Place {
  private let output: String
  private let folder: String

  /// Makes the folder.
  ///
  /// Throws `io` when that is not possible or a folder stands at `output`.
  init(_ output: String) throws(ShrinkError) {
    self.output = output
    let (parent, name) = Self.split(output)
    guard !name.isEmpty, !Self.isFolder(output) else { throw .isFolder(output) }
    guard !Self.isSpecial(output) else { throw .isSpecial(output) }
    guard Self.isFolder(parent) else { throw .noFolder(output, parent) }
    let base = "\(parent)/.\(name).\(getpid())"
    var path = "\(base).tmp"
    var number = 1
    while mkdir(path, 0o777) != 0 {
      guard errno == EEXIST, number < 100 else { throw .cannotWrite(output, errno) }
      number += 1
      path = "\(base).\(number).tmp"
    }
    folder = path
  }

  /// Where to write the model for now.
  var file: String { "\(folder)/\(Self.split(output).name)" }

  /// Hands the model, and its data file if there is one, to the disk.
  ///
  /// Throws `io` when that fails.
  func flush() throws(ShrinkError) {
    for path in [file, file + ".data"] where access(path, F_OK) == 0 {
      let handle = open(path, O_RDONLY | O_CLOEXEC)
      guard handle >= 0 else { throw .cannotWrite(output, errno) }
      defer { close(handle) }
      guard fsync(handle) == 0 else { throw .cannotWrite(output, errno) }
    }
  }

  /// Moves the model to its place, and its data file if there is one.
  ///
  /// Throws `io` and puts back what stood there.
  func commit() throws(ShrinkError) {
    let (data, previous) = (output + ".data", "\(folder)/previous.data")
    let hasData = access(file + ".data", F_OK) == 0
    let hadData = hasData && rename(data, previous) == 0
    func undo(_ code: Int32) -> ShrinkError {
      if hadData { rename(previous, data) }
      return .cannotWrite(output, code)
    }
    if hasData, rename(file + ".data", data) != 0 { throw undo(errno) }
    guard rename(file, output) == 0 else {
      let code = errno
      if hasData, !hadData { unlink(data) }
      throw undo(code)
    }
    discard()
  }

  /// Removes everything that was not moved.
  func discard() { try? FileManager.default.removeItem(atPath: folder) }

  /// The folder that a file is in, and its name.
  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let name = String(path[path.index(after: slash)...])
    return (slash == path.startIndex ? "/" : String(path[..<slash]), name)
  }

  /// Throws `io` unless there is a folder that `output` can be put in.
  static func checkFolder(of output: String) throws(ShrinkError) {
    let parent = split(output).folder
    guard isFolder(parent) else { throw .noFolder(output, parent) }
    guard !isFolder(output) else { throw .isFolder(output) }
    guard !isSpecial(output) else { throw .isSpecial(output) }
    guard access(parent, W_OK) == 0 else { throw .cannotWrite(output, errno) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether a device, pipe or socket stands there, which a rename would replace: `/dev/null` for one.
  private static func isSpecial(_ path: String) -> Bool {
    var information = stat()
    guard stat(path, &information) == 0 else { return false }
    return ![S_IFREG, S_IFDIR].contains(information.st_mode & S_IFMT)
  }

  /// Whether two paths lead to the same file, or to the same place where there is none yet.
  static func isSame(_ a: String, _ b: String) -> Bool {
    var (first, second) = (stat(), stat())
    if stat(a, &first) == 0, stat(b, &second) == 0 {
      return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
    return absolute(a) == absolute(b)
  }

  private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}

extension ShrinkError {
  fileprivate static func isFolder(_ path: String) -> ShrinkError {
    ShrinkError(.io, file: path, "is a folder, where a file is to be written", hint: "name a file in it")
  }
  fileprivate static func isSpecial(_ path: String) -> ShrinkError {
    ShrinkError(
      .io, file: path, "is a device, pipe or socket, where a file is to be written", hint: "name a file in a folder")
  }
  fileprivate static func noFolder(_ path: String, _ folder: String) -> ShrinkError {
    ShrinkError(.io, file: path, "cannot be written: there is no folder '\(folder)'", hint: "make the folder first")
  }
  fileprivate static func cannotWrite(_ path: String, _ code: Int32) -> ShrinkError {
    ShrinkError(
      .io, file: path, "cannot be written: \(String(cString: strerror(code)))",
      hint: "choose a folder that can be written to and has space left")
  }
}
