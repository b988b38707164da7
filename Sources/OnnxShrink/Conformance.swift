import ShrinkConformance

/// Runs the cases of ONNX's backend tests in folders, those whose names contain one of `filters`; all when there are none.
///
/// `progress` is told every result as it comes.
package func conformance(
  folders: [String], filters: [String] = [], tolerance: (relative: Double, absolute: Double),
  progress: (ConformanceCase.Result) -> Void = { _ in }
) -> [ConformanceCase.Result] {
  let cases = folders.flatMap(ConformanceCase.cases(in:))
  let chosen = cases.filter { item in filters.isEmpty || filters.contains { item.folder.contains($0) } }
  return chosen.map { item in
    let result = item.run(Tolerance(relative: tolerance.relative, absolute: tolerance.absolute))
    progress(result)
    return result
  }
}
