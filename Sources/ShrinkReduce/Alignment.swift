import ShrinkGraph
import ShrinkOps

/// Multiples that the widths of groups are kept to.
///
/// Goal: no network gets slower by getting smaller. Kernels of convolutions over images work on blocks of channels, and
/// leave channels that are no multiple of four to kernels without blocks: in ONNX Runtime a depthwise convolution of 94
/// channels takes 2.4 times as long as one of 96. Products of matrices take any width nearly as well as the next one.
struct Alignment {
  /// Channels of images come in multiples of this, wherever there are twice as many.
  private static let block = 4

  /// The multiple for each group, 1 where any width is as good.
  let multiples: [Int]

  /// `types` are those that the graph was coupled with.
  init(_ coupled: Coupled, types: [TensorType?]) {
    var images = Set<ValueAxis>()
    for site in coupled.sites {
      let ports: [(ValueID?, Port?)] = [(site.data, site.reading.data), (site.output, site.reading.output)]
      for case (let value?, let port?) in ports where port.axis == 1 {
        // Where there is one position only, the layout hardly matters.
        guard let shape = types[value.index]?.shape, shape.count == 4, shape[2] * shape[3] > 1 else { continue }
        images.insert(ValueAxis(value, 1))
      }
    }
    multiples = coupled.groups.map { group in
      group.axes.lazy.filter { images.contains($0.axis) }.map { Self.multiple(group.count, $0.perUnit) }.max() ?? 1
    }
  }

  /// Units that make whole blocks where each takes `perUnit` channels.
  private static func multiple(_ count: Int, _ perUnit: Int) -> Int {
    guard perUnit > 0, count * perUnit >= 2 * block else { return 1 }
    return perUnit % block == 0 ? 1 : perUnit % 2 == 0 ? block / 2 : block
  }

  /// How many units to give back of those that could go, so that the rest makes whole blocks.
  func short(_ group: Int, of count: Int, without removed: Int) -> Int {
    let left = (count - removed) % multiples[group]
    return left == 0 ? 0 : min(multiples[group] - left, removed)
  }
}
