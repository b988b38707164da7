import ShrinkGraph
import ShrinkOps
import ShrinkRun

@testable import ShrinkReduce

/// A random graph, coupled as it is or rewritten first, as the reducer does it.
struct WholeGraph {
  let original: Graph
  let sketch: CoupledSketch
  let isSimplified: Bool
  /// Samples that it was coupled with, and other numbers of samples.
  let coupledAt: Int
  let others: [Int]
  /// Names of the values of each structure.
  let structures: [String: Set<String>]

  /// Graphs of odd seeds are rewritten.
  init(seed: UInt64) throws {
    let random = RandomGraph(seed: seed)
    original = random.graph
    structures = random.structures
    isSimplified = seed % 2 == 1
    let samples = seed % 7 == 0 ? 1 : seed % 7 == 1 ? 3 : 2
    coupledAt = samples
    others = [3, 1, 2].filter { $0 != samples }
    guard isSimplified else {
      sketch = try CoupledSketch(original, samples: samples)
      return
    }
    let types = CoupledSketch.inputs(original, samples: samples)
    let named = Dictionary(uniqueKeysWithValues: types.map { [original] in (original[$0.key].name, $0.value) })
    let simplified = try Simplified(original, inputs: named)
    sketch = try CoupledSketch(try Separated(simplified, inputs: named).graph, samples: samples)
  }
}
