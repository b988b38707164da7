import ShrinkGraph
import ShrinkOps

/// A linear layer before the groups are known.
struct SiteCandidate {
  let node: NodeID
  let data: ValueID
  let dataAxis: Int
  let weight: ValueID
  let output: ValueID
  let rule: any LinearOperator
  let product: LinearProduct
  let outputAxis: Int
  let bias: Site.BiasPlace
}

/// Turns classes of indices into groups of units.
struct GroupBuilder {
  let graph: Graph
  var classes: AxisClasses
  let reasons: [Int: String]
  let candidates: [SiteCandidate]
  let uses: [[Use]]

  /// The axes that each class touches, in order.
  private mutating func axesOfClasses() -> [Int: [ValueAxis]] {
    var result: [Int: [ValueAxis]] = [:]
    for (v, shape) in classes.shapes.enumerated() {
      for (a, size) in shape.enumerated() {
        let axis = ValueAxis(ValueID(v), a)
        for i in 0..<size {
          let root = classes.root(axis, i)
          if reasons[root] == nil, result[root]?.last != axis { result[root, default: []].append(axis) }
        }
      }
    }
    return result
  }

  mutating func finish() -> (groups: [ChannelGroup], sites: [Site], pinned: [PinnedLayer]) {
    let touched = axesOfClasses()
    // A class that no weight belongs to cannot be cut out of the file.
    let roots = touched.filter { $0.value.contains { graph[$0.value].constant != nil } }.keys.sorted()
    var byAxes: [[ValueAxis]: Int] = [:]
    var members: [[Int]] = []
    for root in roots {
      let axes = touched[root] ?? []
      if let group = byAxes[axes] {
        members[group].append(root)
      } else {
        byAxes[axes] = members.count
        members.append([root])
      }
    }
    members = members.filter { $0.count > 1 }
    var unitOf: [Int: UnitRef] = [:]
    for (g, roots) in members.enumerated() {
      for (u, root) in roots.enumerated() { unitOf[root] = UnitRef(group: g, unit: u) }
    }
    let sites = makeSites(unitOf)
    let groups = members.enumerated().map { g, roots in
      makeGroup(g, axes: touched[roots[0]] ?? [], count: roots.count, unitOf, sites)
    }
    return (groups, sites, makePinned(unitOf))
  }

  private mutating func makeSites(_ unitOf: [Int: UnitRef]) -> [Site] {
    var sites: [Site] = []
    for c in candidates {
      let axis = ValueAxis(c.data, c.dataAxis)
      var units: [UnitRef?] = []
      for i in 0..<classes.shapes[c.data.index][c.dataAxis] { units.append(unitOf[classes.root(axis, i)]) }
      sites.append(
        Site(
          node: c.node, data: c.data, weight: c.weight, output: c.output, rule: c.rule, product: c.product,
          outputAxis: c.outputAxis, bias: c.bias, units: units, index: sites.count))
    }
    return sites
  }

  private mutating func makeGroup(
    _ g: Int, axes: [ValueAxis], count: Int, _ unitOf: [Int: UnitRef], _ sites: [Site]
  ) -> ChannelGroup {
    var list: [ChannelGroup.Axis] = []
    for axis in axes {
      var units: [Int32] = []
      for i in 0..<classes.shapes[axis.value.index][axis.axis] {
        let unit = unitOf[classes.root(axis, i)]
        units.append(unit?.group == g ? Int32(unit?.unit ?? -1) : -1)
      }
      list.append(ChannelGroup.Axis(axis: axis, units: units, perUnit: units.count { $0 >= 0 } / count))
    }
    let values = Set(axes.map(\.value))
    let made = Set(axes)
    let producers = sites.filter { made.contains(ValueAxis($0.output, $0.outputAxis)) }.map(\.node)
    let readers = sites.indices.filter { s in sites[s].units.contains { $0?.group == g } }
    let ends = Set(producers).union(readers.map { sites[$0].node })
    let between = graph.nodes.indices.filter { n in
      !ends.contains(NodeID(n)) && graph.nodes[n].outputs.contains { $0.map(values.contains) ?? false }
        && !graph.nodes[n].isConstant
    }
    let first = producers.first ?? between.first.map { NodeID($0) }
    let name = first.map { graph[$0].name.isEmpty ? graph[$0].opType : graph[$0].name } ?? "group \(g)"
    return ChannelGroup(
      name: name, count: count, axes: list, producers: producers, readers: readers, between: between.map { NodeID($0) })
  }

  /// Linear layers whose output axis is in no group.
  private mutating func makePinned(_ unitOf: [Int: UnitRef]) -> [PinnedLayer] {
    var result: [PinnedLayer] = []
    for c in candidates {
      let axis = ValueAxis(c.output, c.outputAxis)
      var roots: [Int] = []
      for i in 0..<classes.shapes[c.output.index][c.outputAxis] { roots.append(classes.root(axis, i)) }
      guard !roots.contains(where: { unitOf[$0] != nil }) else { continue }
      let reason = roots.compactMap { reasons[$0] }.first ?? "it has a single unit"
      result.append(PinnedLayer(node: graph[c.node].place, width: roots.count, reason: reason))
    }
    return result
  }
}
