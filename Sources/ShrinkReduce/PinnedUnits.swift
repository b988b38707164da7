import ShrinkGraph
import ShrinkOps

/// Units that layers make and that cannot go, and what forbids it.
package struct PinnedUnits: Sendable, Equatable, Codable {
  /// What they are, for people: `channels of a residual stream`.
  package let kind: String
  /// How many there are; nil where that is not known.
  package let units: Int?
  /// How many stand beside each other, those that may go included.
  package let of: Int?
  /// A tensor that they stand on, and its axis; nil where no shape is known.
  package let tensor: String?
  package let axis: Int?
  /// Layers that make them.
  package let madeBy: [String]
  /// What forbids it, the weightiest first; never empty.
  package let reasons: [PinReason]
}

/// A linear layer whose weights are not followed.
struct ClosedLayer {
  let node: NodeID
  /// The axis of its result that its units stand on; nil where the shape is not known.
  let axis: ValueAxis?
  let reason: PinReason
}

/// Finds the units that layers make and that are in no group, and says why.
struct PinnedUnitsFinder {
  /// Pinned classes of one factor of an axis that a layer makes.
  private struct Part {
    /// The classes, ascending.
    var roots: [Int]
    /// How many stand beside each other.
    var total: Int
    /// How many times an index repeats outside of the factor and inside; 1 and 1 where the axis has no others.
    let outer: Int, inner: Int
    var reasons: [PinReason]
    /// Whether the axis has no other factors there.
    var isAlone: Bool { outer == 1 && inner == 1 }
  }
  /// What came together under one set of classes.
  private struct Entry {
    let part: Part
    let axis: ValueAxis
    var makers: [NodeID] = []
    var closed: [PinReason] = []
    var values = Set<ValueID>()
  }

  private let grouping: GroupBuilder
  private let pins: [Pin]
  private let closed: [ClosedLayer]
  private var classes: AxisClasses
  private let words: UnitWords
  /// Nodes from which a linear layer can be reached.
  private let feeds: Set<NodeID>
  private var graph: Graph { grouping.graph }
  private var axes: AxisNumbers { grouping.axes }

  /// Most reasons that are kept of one set of units.
  private static let most = 64

  /// Starts with what is known of groups.
  init(_ grouping: GroupBuilder, pins: [Pin], closed: [ClosedLayer]) {
    self.grouping = grouping
    self.pins = pins
    self.closed = closed
    classes = grouping.classes
    words = UnitWords(grouping.graph)
    feeds = Self.nodesInFront(of: grouping.candidates.flatMap(\.applications) + closed.map(\.node), grouping.graph)
  }

  /// Nodes whose results some of the others depend on.
  private static func nodesInFront(of layers: [NodeID], _ graph: Graph) -> Set<NodeID> {
    let (makers, names) = (graph.producers(), graph.captureIndex())
    var (open, seen) = (layers, Set<NodeID>())
    while let node = open.popLast() {
      let operands = graph.operands(of: graph[node], names).compactMap { $0 }
      open += operands.compactMap { makers[$0.index] }.filter { seen.insert($0).inserted }
    }
    return seen
  }

  /// The units, in the order of the layers that make them.
  mutating func find() -> [PinnedUnits] {
    var makers: [(node: NodeID, axis: ValueAxis, closed: PinReason?)] = []
    for (node, axis) in self.makers() { makers.append((node, axis, nil)) }
    for layer in closed { if let axis = layer.axis { makers.append((layer.node, axis, layer.reason)) } }
    makers.sort { $0.node < $1.node }
    let why = pinsOfClasses(makers.map(\.axis))
    var entries: [Entry] = []
    var positions: [[Int]: Int] = [:]
    for maker in makers {
      for part in parts(maker.axis, why) where maker.closed == nil || !isPassed(maker.node, part) {
        let at = positions[part.roots] ?? entries.count
        if at == entries.count {
          positions[part.roots] = at
          entries.append(Entry(part: part, axis: maker.axis))
        }
        if !entries[at].makers.contains(maker.node) { entries[at].makers.append(maker.node) }
        if let reason = maker.closed { entries[at].closed.append(reason) }
      }
    }
    noteValues(&entries)
    let kinds = kindsInPairs()
    return entries.map { described($0, kinds) } + inside() + closed.filter { $0.axis == nil }.map(described)
  }

  /// Whether a layer passes on what it reads instead of making something of its own: a depthwise convolution.
  private mutating func isPassed(_ node: NodeID, _ part: Part) -> Bool {
    let own = Set(part.roots)
    for value in graph[node].inputs.compactMap({ $0 }) where graph[value].constant == nil {
      for axis in axes.shape(value).indices {
        guard let number = axes.number(ValueAxis(value, axis)), axes.sizes[number] > 0 else { continue }
        if classes.classes(number, 0).contains(where: own.contains) { return true }
      }
    }
    return false
  }
}

// MARK: What layers make

extension PinnedUnitsFinder {
  /// Axes that linear layers, recurrent layers and tables of embeddings make, with the node.
  private mutating func makers() -> [(NodeID, ValueAxis)] {
    var result: [(NodeID, ValueAxis)] = []
    let recurrent = Set(grouping.candidates.filter(\.reading.data.isOutput).map(\.node))
    for candidate in grouping.candidates {
      for node in candidate.applications {
        if candidate.reading.data.isOutput {
          result.append((node, candidate.channels))
        } else if let output = candidate.output {
          let slot = candidate.reading.output?.slot ?? 0
          let own = node == candidate.node ? output.value : graph[node].outputs[slot]
          if let own { result.append((node, ValueAxis(own, output.axis))) }
        } else if !recurrent.contains(candidate.node) {
          result += hidden(candidate).map { (node, $0) }
        }
      }
    }
    for id in graph.nodes.indices.map({ NodeID($0) }) where words.isTable(id) {
      guard let output = graph[id].outputs.first ?? nil, let last = axes.shape(output).indices.last else { continue }
      result.append((id, ValueAxis(output, last)))
    }
    return result
  }

  /// Axes of a weight that its operator makes and no result shows: those that are not summed over.
  private mutating func hidden(_ candidate: SiteCandidate) -> [ValueAxis] {
    guard let read = axes.number(candidate.channels) else { return [] }
    let channels = Set(classes.elements(of: read).flatMap(\.classes))
    // Taps of a kernel are no units: the layer itself needs all of them.
    let taps = Set(pins.lazy.filter { $0.node == candidate.node }.map(\.axis))
    var (result, tied): ([ValueAxis], [ValueAxis]) = ([], [])
    for axis in axes.shape(candidate.weight).indices {
      let place = ValueAxis(candidate.weight, axis)
      guard let number = axes.number(place), !taps.contains(number) else { continue }
      let own = classes.elements(of: number).flatMap(\.classes)
      if own.contains(where: channels.contains) { tied.append(place) } else { result.append(place) }
    }
    // Where what is made is tied to what is read (a residual sum), the axes of both stand for it.
    return result.isEmpty ? tied : result
  }

  /// The pinned classes of an axis, those of segments with one factor and the same reasons together.
  private mutating func parts(_ axis: ValueAxis, _ why: [Int: [Int]]) -> [Part] {
    guard let number = axes.number(axis) else { return [] }
    let elements = classes.elements(of: number)
    let factors = Dictionary(grouping: elements, by: \.place.segment)
    var result: [Part] = []
    for (place, roots) in elements {
      let left = Set(roots).filter { grouping.unitOf[$0] == nil }.sorted()
      let sizes = (factors[place.segment] ?? []).map(\.classes.count)
      guard !left.isEmpty, roots.count > 1 || sizes.count == 1 else { continue }
      let part = Part(
        roots: left, total: roots.count, outer: sizes[..<place.factor].reduce(1, *),
        inner: sizes[(place.factor + 1)...].reduce(1, *), reasons: reasons(left, why, of: axes.sizes[number]))
      if sizes.count == 1, let same = result.firstIndex(where: { $0.isAlone && $0.reasons == part.reasons }) {
        result[same].roots = Set(result[same].roots + left).sorted()
        result[same].total += roots.count
      } else {
        result.append(part)
      }
    }
    return result
  }
}

// MARK: Why

extension PinnedUnitsFinder {
  /// Positions in `pins` of what holds each class on the given axes that is in no group.
  private mutating func pinsOfClasses(_ places: [ValueAxis]) -> [Int: [Int]] {
    var result: [Int: [Int]] = [:]
    for number in places.compactMap(axes.number) {
      for element in classes.elements(of: number) {
        for root in element.classes where grouping.unitOf[root] == nil { result[root] = [] }
      }
    }
    for (p, pin) in pins.enumerated() {
      for element in classes.elements(of: pin.axis) {
        for root in element.classes where result[root]?.last.map({ $0 != p }) ?? (result[root] != nil) {
          result[root]?.append(p)
        }
      }
    }
    return result
  }

  private func reasons(_ roots: [Int], _ why: [Int: [Int]], of size: Int) -> [PinReason] {
    let held = Set(roots.flatMap { why[$0] ?? [] }).sorted()
    var (result, seen) = ([PinReason](), Set<PinReason>())
    for p in held where seen.insert(pins[p].reason).inserted { result.append(pins[p].reason) }
    if result.isEmpty {
      for root in roots {
        let reason = (grouping.reasons[root] ?? .unread).reason(of: size)
        if seen.insert(reason).inserted { result.append(reason) }
      }
    }
    if size == 1, result.first?.kind != .single { result.insert(ClassReason.alone.reason(of: 1), at: 0) }
    // What the outside sees weighs most: nothing could be done about it.
    let outside: [PinReason.Kind] = [.graphOutput, .graphInput]
    let ordered = result.filter { outside.contains($0.kind) } + result.filter { !outside.contains($0.kind) }
    return Array(ordered.prefix(Self.most))
  }
}

// MARK: Words

extension PinnedUnitsFinder {
  /// Notes every value that the classes of each entry stand on.
  private mutating func noteValues(_ entries: inout [Entry]) {
    var entryOf: [Int: Int] = [:]
    for (e, entry) in entries.enumerated() { for root in entry.part.roots { entryOf[root] = e } }
    for value in graph.values.indices.map({ ValueID($0) }) {
      for axis in axes.shape(value).indices {
        guard let number = axes.number(ValueAxis(value, axis)), axes.sizes[number] > 0 else { continue }
        for index in [0, axes.sizes[number] - 1] {
          for root in classes.classes(number, index) { if let e = entryOf[root] { entries[e].values.insert(value) } }
        }
      }
    }
  }

  /// What products of two activations say of classes: heads, and widths within them.
  private mutating func kindsInPairs() -> [Int: ChannelGroup.Kind] {
    var places: [(ValueAxis, ChannelGroup.Kind)] = []
    for pair in grouping.pairs { places.append((pair.a, .queryKeyWidth)) }
    for pair in grouping.pairs {
      let rank = axes.shape(pair.a.value).count
      if rank > 3 { places += (1..<rank - 2).map { (ValueAxis(pair.a.value, $0), .heads) } }
    }
    for pair in grouping.pairs {
      places.append((ValueAxis(pair.b.value, axes.shape(pair.b.value).count - 1), .valueWidth))
    }
    var result: [Int: ChannelGroup.Kind] = [:]
    for (axis, kind) in places {
      guard let number = axes.number(axis) else { continue }
      for element in classes.elements(of: number) {
        for root in element.classes where result[root] == nil { result[root] = kind }
      }
    }
    return result
  }

  private func described(_ entry: Entry, _ kinds: [Int: ChannelGroup.Kind]) -> PinnedUnits {
    let part = entry.part
    let reasons = (entry.closed + part.reasons).prefix(Self.most)
    let kind: String
    if !part.isAlone {
      kind =
        part.roots.compactMap { kinds[$0] }.first.map { words.text($0, producers: entry.makers) }
        ?? (part.outer > 1
          ? "places in each of \(part.outer) blocks" : "blocks of \(part.inner) \(words.plain(entry.makers))")
    } else if !entry.makers.contains(where: feeds.contains) {
      kind = "outputs"
    } else {
      kind = words.text(.channels, producers: entry.makers, values: entry.values)
    }
    return PinnedUnits(
      kind: kind, units: part.roots.count, of: part.total, tensor: graph[entry.axis.value].name, axis: entry.axis.axis,
      madeBy: entry.makers.map(graph.label), reasons: Array(reasons))
  }

  private func described(_ layer: ClosedLayer) -> PinnedUnits {
    PinnedUnits(
      kind: words.plain([layer.node]), units: nil, of: nil, tensor: nil, axis: nil, madeBy: [graph.label(layer.node)],
      reasons: [layer.reason])
  }

  /// Linear layers in the bodies of nodes, which nothing looks into.
  private func inside() -> [PinnedUnits] {
    graph.nodes.indices.compactMap { n in
      let layers = UnitWords.layers(inside: graph.nodes[n])
      guard !layers.isEmpty else { return nil }
      return PinnedUnits(
        kind: "units of layers in a subgraph", units: nil, of: nil, tensor: nil, axis: nil, madeBy: layers,
        reasons: [PinReason(.subgraph, graph, NodeID(n), "runs them in a subgraph")])
    }
  }
}
