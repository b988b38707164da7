import ShrinkGraph
import ShrinkOps

/// The sizes that the axes of a graph take when its open input axes take other sizes than those at hand.
///
/// Open are axes that the file declares by a symbol, or not at all; equal symbols always have equal sizes. Sizes that
/// the network refuses are no trial.
struct SizeTrials {
  /// Shape of each value in each trial, the sizes at hand first; nil where it is not known.
  private var shapes: [[[Int]?]]
  /// Whether every open axis was given at least three sizes that the network takes.
  ///
  /// Without that nothing is known of other sizes than those at hand.
  let isConclusive: Bool

  /// One or more axes of inputs that have the same size.
  private struct OpenAxis {
    var size: Int
    var places: [(input: ValueID, axis: Int)]
  }

  /// Infers the shapes of the graph for other sizes; `types` are those at hand.
  init(_ graph: Graph, types: [TensorType?]) {
    shapes = [types.map { $0?.shape }]
    let open = Self.openAxes(graph, types)
    var taken = open.map { Set([$0.size]) }
    for sizes in Self.sizes(open) {
      var inputs: [ValueID: TensorType] = [:]
      for id in graph.realInputs { inputs[id] = types[id.index] }
      for (axis, size) in zip(open, sizes) {
        for place in axis.places { inputs[place.input]?.shape[place.axis] = size }
      }
      guard let trial = try? Inference(graph, inputs: inputs) else { continue }
      shapes.append(trial.types.map { $0?.shape })
      for (i, size) in sizes.enumerated() { taken[i].insert(size) }
    }
    isConclusive = taken.allSatisfy { $0.count >= 3 }
  }

  /// The size of an axis in each trial; nil where one does not know it.
  func sizes(_ value: ValueID, _ axis: Int) -> [Int]? {
    var result: [Int] = []
    for trial in shapes {
      guard let shape = trial[value.index], shape.count == shapes[0][value.index]?.count, axis < shape.count else {
        return nil
      }
      result.append(shape[axis])
    }
    return result
  }

  /// The shape of a value in each trial; nil where one does not know it.
  func shapes(_ value: ValueID) -> [[Int]]? {
    let known = shapes.compactMap { $0[value.index] }
    return known.count == shapes.count && known.allSatisfy { $0.count == known[0].count } ? known : nil
  }

  private static func openAxes(_ graph: Graph, _ types: [TensorType?]) -> [OpenAxis] {
    var result: [OpenAxis] = []
    var symbols: [String: Int] = [:]
    for input in graph.realInputs {
      let dims = graph[input].type?.dims ?? []
      for (axis, size) in (types[input.index]?.shape ?? []).enumerated() {
        let dim = axis < dims.count ? dims[axis] : .unknown
        if dim == .known(size) { continue }
        if case .symbol(let name) = dim {
          if let known = symbols[name], result[known].size == size {
            result[known].places.append((input, axis))
            continue
          }
          symbols[name] = result.count
        }
        result.append(OpenAxis(size: size, places: [(input, axis)]))
      }
    }
    return result
  }

  /// Sizes to try: all open axes at once, each with another size, and one by one.
  ///
  /// Among them are 1, odd sizes, multiples of those at hand for networks that halve an axis several times, and sizes
  /// far beyond, which show what is cut off at a limit.
  private static func sizes(_ open: [OpenAxis]) -> [[Int]] {
    guard !open.isEmpty else { return [] }
    let offered = open.map { axis in
      let size = max(axis.size, 1)
      return [size + 1, 2 * size, 3 * size, 1, 7, 2 * size + 1, 5, 160, 64, 131, 260, 523, size + 32, 1100]
    }
    let together = (0..<7).map { round in
      open.indices.map { i in offered[i][(round + 2 * i) % offered[i].count] }
    }
    let alone = open.indices.flatMap { i in
      offered[i].map { size in
        var sizes = open.map(\.size)
        sizes[i] = size
        return sizes
      }
    }
    var seen = Set([open.map(\.size)])
    return (together + alone).filter { seen.insert($0).inserted }.prefix(most).map { $0 }
  }
  /// Most trials.
  private static let most = 48
}
