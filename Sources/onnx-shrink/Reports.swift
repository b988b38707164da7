import ArgumentParser
import Foundation
import OnnxShrink

/// Files that the report is written to.
struct Reports {
  let paths: [String]

  /// Checks names before the work begins: `.json` in a folder that exists, none of them a file in use.
  init(_ paths: [String], inUse: [String]) throws {
    for path in paths {
      guard path.lowercased().hasSuffix(".json") else {
        throw ValidationError("--report \(path): reports are written as JSON, give a name that ends in .json")
      }
      let file = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath()
      var isFolder: ObjCBool = false
      let folder = file.deletingLastPathComponent().path
      guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
        throw ValidationError("--report \(path): there is no folder '\(folder)'")
      }
      if inUse.contains(where: { URL(fileURLWithPath: $0).standardizedFileURL.resolvingSymlinksInPath() == file }) {
        throw ValidationError("--report \(path): this file is a model or data, give the report another name")
      }
      try Self.probe(path, file)
    }
    self.paths = paths
  }

  /// Ends the program unless the file can be written: better now than after the work.
  private static func probe(_ path: String, _ file: URL) throws {
    var information = stat()
    let isOther = stat(file.path, &information) == 0 && information.st_mode & S_IFMT != S_IFREG
    let trial = file.deletingLastPathComponent().appendingPathComponent(".onnx-shrink.\(getpid()).tmp").path
    let handle = open(trial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    let code = handle < 0 ? errno : 0
    if handle >= 0 {
      close(handle)
      unlink(trial)
    }
    guard code != 0 || isOther else { return }
    let reason = code == 0 ? "it is a folder or device" : String(cString: strerror(code))
    Printing.error("\(path): the report cannot be written: \(reason) [io]\n  hint: name a file in another folder")
    throw ExitCode(1)
  }

  /// Writes the report to every file, each at once.
  func write(_ document: Document) throws {
    for path in paths {
      do { try Data((document.json + "\n").utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
        Printing.error("\(path): the report cannot be written: \(error.localizedDescription) [io]")
        throw ExitCode(1)
      }
    }
  }
}
