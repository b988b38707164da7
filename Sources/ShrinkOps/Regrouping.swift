/// How the axes of two shapes with the same elements in the same order correspond.
///
/// Both shapes are cut into the shortest runs of axes with equal products. Axes of size 1 say nothing. A run of one axis on
/// both sides is the same axis; in any other the axes of both sides are products of common factors, where there are any:
/// 96 → 4 × 24 is heads × width on both sides.
package enum Regrouping {
  /// Ties the axes of operand 0 with those of result 0; axes of the result in `pinned` keep their size.
  static func couple(_ c: inout Coupling, pinned: Set<Int> = []) {
    let (input, output) = (c.inputs[0].shape, c.outputs[0].shape)
    for (from, to) in runs(input, output) {
      guard let sizes = AxisForm.common(from.map { input[$0] }, to.map { output[$0] }) else { continue }
      let factors = sizes.map { c.factor($0) }
      _ = split(from.map { .input(0, $0) }, into: factors, &c)
      for (axis, own) in zip(to, split(to.map { .output(0, $0) }, into: factors, &c)) where pinned.contains(axis) {
        for factor in own { c.pin(factor) }
      }
    }
  }

  /// Deals factors out to ports, the outermost first; returns those of each.
  private static func split(
    _ ports: [Port], into factors: [Coupling.Factor], _ c: inout Coupling
  ) -> [[Coupling.Factor]] {
    var rest = factors[...]
    return ports.map { port in
      var (own, length) = ([Coupling.Factor](), 1)
      while length < c.size(port), let next = rest.popFirst() {
        own.append(next)
        length *= next.size
      }
      c.split(port, into: own)
      return own
    }
  }

  /// The runs, without axes of size 1.
  ///
  /// Empty when a size is 0.
  package static func runs(_ input: [Int], _ output: [Int]) -> [(from: [Int], to: [Int])] {
    guard !input.contains(0), !output.contains(0) else { return [] }
    let from = input.indices.filter { input[$0] != 1 }
    let to = output.indices.filter { output[$0] != 1 }
    var result: [(from: [Int], to: [Int])] = []
    var (i, j) = (0, 0)
    while i < from.count, j < to.count {
      var run = (from: [from[i]], to: [to[j]])
      var (a, b) = (input[from[i]], output[to[j]])
      while a != b {
        if a < b {
          i += 1
          guard i < from.count else { return result }
          run.from.append(from[i])
          a *= input[from[i]]
        } else {
          j += 1
          guard j < to.count else { return result }
          run.to.append(to[j])
          b *= output[to[j]]
        }
      }
      result.append(run)
      i += 1
      j += 1
    }
    return result
  }
}
