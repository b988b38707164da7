import ShrinkOps

/// The classes of indices that a coupling rule ties together, for one node (union-find over the indices of its axes).
struct IndexClasses {
  private var first: [Port: Int] = [:]
  private var parent: [Int] = []
  /// One number a class, ascending.
  private(set) var all: [Int] = []

  /// Reads the ties of a rule.
  init(_ c: Coupling) {
    for port in c.namedInOrder {
      first[port] = parent.count
      parent += parent.count..<(parent.count + c.size(port))
    }
    for tie in c.ties {
      for i in 0..<tie.count {
        for k in 0..<tie.block { join(tie.a, tie.firstA + i, tie.b, tie.firstB + i * tie.block + k) }
      }
    }
    all = parent.indices.filter { parent[$0] == $0 }
  }

  /// The class of an index; -1 on an axis that the rule does not name.
  func root(_ port: Port, _ index: Int) -> Int {
    guard let start = first[port] else { return -1 }
    var x = start + index
    while parent[x] != x { x = parent[x] }
    return x
  }

  private mutating func join(_ a: Port, _ i: Int, _ b: Port, _ j: Int) {
    let (x, y) = (root(a, i), root(b, j))
    guard x >= 0, y >= 0, x != y else { return }
    parent[max(x, y)] = min(x, y)
  }
}

extension Coupling {
  /// The ports that the rule names: operands first, by slot and axis.
  var namedInOrder: [Port] {
    named.sorted { ($0.isOutput ? 1 : 0, $0.slot, $0.axis) < ($1.isOutput ? 1 : 0, $1.slot, $1.axis) }
  }
}
