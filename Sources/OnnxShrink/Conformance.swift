import ShrinkConformance
import ShrinkMath

/// Runs the cases of ONNX's backend tests in folders, those whose names contain one of `filters`; all when there are none.
///
/// `progress` is told every result as it comes.
package func conformance(
  folders: [String], filters: [String] = [], progress: (ConformanceCase.Result) -> Void = { _ in }
) -> [ConformanceCase.Result] {
  let cases = folders.flatMap(ConformanceCase.cases(in:))
  let chosen = cases.filter { item in filters.isEmpty || filters.contains { item.folder.contains($0) } }
  return chosen.map { item in
    let result = item.run()
    progress(result)
    return result
  }
}
