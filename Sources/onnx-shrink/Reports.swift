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
    }
    self.paths = paths
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
