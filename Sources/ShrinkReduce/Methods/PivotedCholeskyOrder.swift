import ShrinkMath

/// Keeps the pivots of a column-pivoted QR factorisation of the activations (Chee et al., NeurIPS 2022), which are those
/// of a pivoted Cholesky factorisation of their Gram matrix.
package struct PivotedCholeskyOrder: Method {
  package static let name = "pivoted-qr"
  package static let summary = "keep the pivots of a QR factorisation of the activations, for comparison"
  package init() {}

  package func path(_ problem: GroupProblem) -> Elimination.Path {
    let all = Array(0..<problem.count)
    var gram = Matrix(rows: problem.count, columns: problem.count)
    for reader in problem.readers {
      let part = reader.unitGram(of: problem.group, count: problem.count)
      let mean = part.diagonal.prefix(problem.count).reduce(0, +) / Double(max(problem.count, 1))
      gram.add(part.submatrix(rows: all, columns: all), factor: 1 / max(mean, 1e-30))
    }
    for pair in problem.pairs { gram.add(pair.squares, factor: Double(problem.count) / max(pair.energy, 1e-30)) }
    var residual = gram.diagonal
    var columns: [[Double]] = []
    var left = Array(0..<problem.count)
    var pivots: [Int] = []
    while let next = left.max(by: { residual[$0] < residual[$1] }) {
      left.removeAll { $0 == next }
      pivots.append(next)
      let root = max(residual[next], 1e-300).squareRoot()
      let column = (0..<problem.count).map { i in
        (gram[i, next] - columns.reduce(0) { $0 + $1[i] * $1[next] }) / root
      }
      columns.append(column)
      for i in left { residual[i] -= column[i] * column[i] }
    }
    var elimination = Elimination(
      group: problem.group, count: problem.count, readers: problem.readers, pairs: problem.pairs)
    return elimination.run(in: pivots.reversed())
  }
}
