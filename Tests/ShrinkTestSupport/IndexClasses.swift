import ShrinkOps

/// The classes of indices that a coupling rule ties together, for one node.
///
/// An index of an axis that is a product of factors belongs to several.
struct IndexClasses {
  private let lists: [Port: [[Int]]]
  /// One number a class that may go, ascending.
  let all: [Int]

  /// Reads the ties of a rule; nil where they cannot all hold.
  init?(_ c: Coupling) {
    let ports = c.namedInOrder
    let number = Dictionary(uniqueKeysWithValues: ports.enumerated().map { ($1, $0) })
    var classes = AxisClasses(sizes: ports.map { c.size($0) })
    for tie in c.ties {
      guard let a = number[tie.a], let b = number[tie.b] else { return nil }
      classes.tie(a, from: tie.firstA, b, from: tie.firstB, count: tie.count)
    }
    let factors = c.factors.map { classes.add(size: $0.size) }
    for product in c.products {
      guard let axis = number[product.port] else { return nil }
      classes.product(axis, factors: product.factors.map { factors[$0.number] })
    }
    guard classes.settle().isEmpty else { return nil }
    var held = Set<Int>()
    for factor in c.pinned {
      for (_, roots) in classes.elements(of: factors[factor.number]) { held.formUnion(roots) }
    }
    var lists: [Port: [[Int]]] = [:]
    var found = Set<Int>()
    for (at, port) in ports.enumerated() {
      lists[port] = []
      for i in 0..<c.size(port) {
        let roots = classes.classes(at, i)
        lists[port]?.append(roots)
        for root in roots where !held.contains(root) && !classes.isHeld(root) { found.insert(root) }
      }
    }
    self.lists = lists
    all = found.sorted()
  }

  /// The classes of an index; none on an axis that the rule does not name.
  func classes(_ port: Port, _ index: Int) -> [Int] { lists[port]?[index] ?? [] }
}

extension Coupling {
  /// The ports that the rule names: operands first, by slot and axis.
  var namedInOrder: [Port] {
    named.sorted { ($0.isOutput ? 1 : 0, $0.slot, $0.axis) < ($1.isOutput ? 1 : 0, $1.slot, $1.axis) }
  }
}
