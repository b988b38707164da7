import ShrinkGraph
import ShrinkOps

/// A linear layer before the groups are known.
struct SiteCandidate {
  let node: NodeID
  let applications: [NodeID]
  let data: ValueID?
  /// The axis that says which units its channels belong to.
  let channels: ValueAxis
  let weight: ValueID
  let output: ValueAxis?
  let rule: any LinearOperator
  let part: (position: Int, count: Int)
  let reading: any LinearReading
  let bias: Site.BiasPlace
}

/// A sum of products of two activations before the groups are known.
struct PairCandidate {
  let node: NodeID
  let a: ValueAxis
  let b: ValueAxis
  /// Whether it sums over all of the axis: operators that hold heads × width sum over the innermost factor alone.
  let isWhole: Bool

  /// The classes of an index that are summed over.
  func summed(_ classes: [Int]) -> ArraySlice<Int> { isWhole ? classes[...] : classes.suffix(1) }
}

/// Turns classes of indices into groups of units.
struct GroupBuilder {
  /// What can shrink.
  typealias Result = (groups: [ChannelGroup], sites: [Site], pairs: [UnitPair], forms: [ValueAxis: [[Int]]])
  /// Where the units of a group stand: the same places, as often, for each.
  private typealias Signature = [AxisClasses.Place]

  let graph: Graph
  let axes: AxisNumbers
  var classes: AxisClasses
  /// Classes that a pin holds.
  let held: Set<Int>
  let candidates: [SiteCandidate]
  let pairs: [PairCandidate]
  /// Why classes that no pin holds are in no group.
  private(set) var reasons: [Int: ClassReason] = [:]
  /// The unit that each class is.
  private(set) var unitOf: [Int: UnitRef] = [:]

  /// Starts with what is pinned.
  init(
    graph: Graph, axes: AxisNumbers, classes: AxisClasses, held: Set<Int>, candidates: [SiteCandidate],
    pairs: [PairCandidate]
  ) {
    self.graph = graph
    self.axes = axes
    self.classes = classes
    self.held = held
    self.candidates = candidates
    self.pairs = pairs
  }

  /// The axis behind each number.
  private var valueAxes: [ValueAxis] {
    graph.values.indices.flatMap { v in
      axes.shape(ValueID(v)).indices.map { ValueAxis(ValueID(v), $0) }
    }
  }

  mutating func finish() -> Result {
    let named = valueAxes
    var touched = places()
    holdWhatOverlaps(touched)
    let read = rootsRead()
    // A class that no weight belongs to cannot be cut out of the file, and what nothing can make up for stays.
    for (root, places) in touched {
      if reasons[root] == nil, !read.contains(root) { reasons[root] = .unread }
      if reasons[root] == nil, !places.contains(where: { graph[named[$0.axis].value].constant != nil }) {
        reasons[root] = .weightless
      }
      if reasons[root] != nil { touched[root] = nil }
    }
    var numbers: [Signature: Int] = [:]
    var members: [(signature: Signature, roots: [Int])] = []
    for root in touched.keys.sorted() {
      guard let signature = touched[root] else { continue }
      if let group = numbers[signature] {
        members[group].roots.append(root)
      } else {
        numbers[signature] = members.count
        members.append((signature, [root]))
      }
    }
    for member in members where member.roots.count == 1 { reasons[member.roots[0]] = .alone }
    members = members.filter { $0.roots.count > 1 }
    for (g, member) in members.enumerated() {
      for (u, root) in member.roots.enumerated() { unitOf[root] = UnitRef(group: g, unit: u) }
    }
    let sites = makeSites(unitOf)
    let pairs = makePairs(unitOf)
    let groups = members.enumerated().map { g, member in
      makeGroup(g, member.signature.map { (named[$0.axis], $0) }, count: member.roots.count, unitOf, sites, pairs)
    }
    var forms: [ValueAxis: [[Int]]] = [:]
    for axis in Set(groups.flatMap { $0.axes.map(\.axis) }) { forms[axis] = form(axis) }
    return (groups, sites, pairs, forms)
  }

  /// The places of each class that no pin holds, in order.
  private mutating func places() -> [Int: Signature] {
    var result: [Int: Signature] = [:]
    for axis in axes.sizes.indices {
      for (place, roots) in classes.elements(of: axis) {
        for root in roots where reasons[root] == nil && !held.contains(root) {
          if classes.isHeld(root) {
            reasons[root] = .held
          } else {
            result[root, default: []].append(place)
          }
        }
      }
    }
    return result
  }

  /// Classes that stand in two factors of one axis cannot go on their own.
  private mutating func holdWhatOverlaps(_ touched: [Int: Signature]) {
    for (root, places) in touched {
      let segments = Set(places.map { [$0.axis, $0.segment] })
      if Set(places).count > segments.count { reasons[root] = .twice }
    }
  }

  /// Classes that a linear layer or a pair sums over.
  private mutating func rootsRead() -> Set<Int> {
    var result = Set<Int>()
    for candidate in candidates {
      guard let axis = axes.number(candidate.channels) else { continue }
      for i in 0..<candidate.reading.product.channels {
        result.formUnion(classes.classes(axis, candidate.reading.firstChannel + i))
      }
    }
    for pair in pairs {
      guard let axis = axes.number(pair.a) else { continue }
      for i in 0..<axes.sizes[axis] { result.formUnion(pair.summed(classes.classes(axis, i))) }
    }
    return result
  }

  private mutating func units(_ axis: ValueAxis, _ indices: Range<Int>, _ unitOf: [Int: UnitRef]) -> [[UnitRef]] {
    guard let number = axes.number(axis) else { return indices.map { _ in [] } }
    var result: [[UnitRef]] = []
    for i in indices { result.append(classes.classes(number, i).compactMap { unitOf[$0] }) }
    return result
  }

  private mutating func makeSites(_ unitOf: [Int: UnitRef]) -> [Site] {
    var sites: [Site] = []
    for c in candidates {
      let first = c.reading.firstChannel
      sites.append(
        Site(
          node: c.node, applications: c.applications, data: c.data, weight: c.weight, output: c.output?.value,
          rule: c.rule, part: c.part, reading: c.reading, bias: c.bias,
          units: units(c.channels, first..<first + c.reading.product.channels, unitOf), index: sites.count))
    }
    return sites
  }

  private mutating func makePairs(_ unitOf: [Int: UnitRef]) -> [UnitPair] {
    var result: [UnitPair] = []
    for pair in pairs {
      let length = axes.shape(pair.a.value)[pair.a.axis]
      let number = axes.number(pair.a)
      var units: [[UnitRef]] = []
      for i in 0..<length {
        let own = number.map { classes.classes($0, i) } ?? []
        units.append(pair.summed(own).compactMap { unitOf[$0] })
      }
      result.append(UnitPair(node: pair.node, a: pair.a, b: pair.b, units: units))
    }
    return result
  }

  /// Sizes of the factors of each segment of an axis.
  private mutating func form(_ axis: ValueAxis) -> [[Int]] {
    guard let number = axes.number(axis) else { return [] }
    var result: [[Int]] = []
    for (place, roots) in classes.elements(of: number) {
      if place.factor == 0 { result.append([]) }
      result[place.segment].append(roots.count)
    }
    return result
  }

  private mutating func makeGroup(
    _ g: Int, _ places: [(axis: ValueAxis, place: AxisClasses.Place)], count: Int, _ unitOf: [Int: UnitRef],
    _ sites: [Site], _ pairs: [UnitPair]
  ) -> ChannelGroup {
    var list: [ChannelGroup.Axis] = []
    for (axis, own) in Dictionary(grouping: places, by: \.axis).sorted(by: { $0.key < $1.key }) {
      let units = units(axis, 0..<axes.shape(axis.value)[axis.axis], unitOf).map { refs in
        Int32(refs.first { $0.group == g }?.unit ?? -1)
      }
      let shares = Dictionary(grouping: own, by: \.place).map { place, all in
        ChannelGroup.Share(segment: place.segment, factor: place.factor, perUnit: all.count)
      }
      list.append(
        ChannelGroup.Axis(
          axis: axis, units: units, perUnit: units.count { $0 >= 0 } / count,
          shares: shares.sorted { ($0.segment, $0.factor) < ($1.segment, $1.factor) }))
    }
    let made = Set(list.map(\.axis))
    let readers = sites.indices.filter { s in sites[s].units.contains { $0.contains { $0.group == g } } }
    let producers = producers(sites, made)
    let ends = Set(producers).union(readers.flatMap { sites[$0].applications })
    let values = Set(list.map(\.axis.value))
    let between = graph.nodes.indices.map { NodeID($0) }.filter { id in
      !ends.contains(id) && graph[id].outputs.contains { $0.map(values.contains) ?? false } && !graph[id].isConstant
    }
    let makers = producers.isEmpty ? Array(between.prefix(1)) : producers
    let kind = ChannelGroup.Kind(g, axes: list, producers: makers, between: between, pairs, graph, types: axes.types)
    let own = pairs.indices.filter { p in pairs[p].units.contains { $0.contains { $0.group == g } } }
    return ChannelGroup(
      name: name(producers.first ?? between.first, kind, g), kind: kind, count: count, axes: list,
      producers: producers, readers: readers, pairs: own, between: between)
  }

  private func name(_ node: NodeID?, _ kind: ChannelGroup.Kind, _ g: Int) -> String {
    let base = node.map { graph[$0].name.isEmpty ? graph[$0].opType : graph[$0].name } ?? "group \(g)"
    return kind.isPlain ? base : "\(base) (\(kind.text))"
  }

  /// Linear nodes that make units on one of the axes, in the order of their sites.
  private func producers(_ sites: [Site], _ made: Set<ValueAxis>) -> [NodeID] {
    var result: [NodeID] = []
    for (candidate, site) in zip(candidates, sites) {
      let isMade =
        candidate.output.map(made.contains)
        ?? graph[site.node].outputs.contains { value in made.contains { $0.value == value } }
      guard isMade else { continue }
      for node in site.applications where !result.contains(node) { result.append(node) }
    }
    return result
  }
}
