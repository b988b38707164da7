import ShrinkGraph
import ShrinkMath

/// Bases in which what a product carries is sorted by its singular values.
enum PrincipalAxes {
  /// How far outputs may move by the rounding of turned weights.
  static let rounding = 2e-5

  /// R with RᵀR = G and its inverse; directions of G that carry almost nothing count as a little.
  static func root(_ gram: Matrix) -> (root: Matrix, inverse: Matrix)? {
    guard let eigen = try? SymmetricEigen(gram), let largest = eigen.values.last, largest > 0 else { return nil }
    let roots = eigen.values.map { max($0, 1e-8 * largest).squareRoot() }
    return (
      Matrix(diagonal: roots).timesTransposed(eigen.vectors), eigen.vectors * Matrix(diagonal: roots.map { 1 / $0 })
    )
  }

  /// For G = K Kᵀ: its eigenvectors by descending eigenvalue, and the roots of those.
  static func sorted(_ gram: Matrix) -> (vectors: Matrix, singular: [Double])? {
    guard let eigen = try? SymmetricEigen(gram), let largest = eigen.values.last, largest > 0 else { return nil }
    let order = Array(eigen.values.indices.reversed())
    return (eigen.vectors.columns(order), order.map { max(eigen.values[$0], 1e-12 * largest).squareRoot() })
  }

  /// M and M⁻¹ for x and O where x O is wanted and x has the second moments `mixed`: x M has uncorrelated places, sorted by
  /// what they carry.
  static func ofProduct(_ mixed: Matrix, _ output: Matrix) -> (forward: Matrix, backward: Matrix)? {
    guard let r = root(mixed) else { return nil }
    let product = r.root * output
    guard let axes = sorted(product.timesTransposed(product)) else { return nil }
    let halves = axes.singular.map { $0.squareRoot() }
    return (
      r.inverse * axes.vectors * Matrix(diagonal: halves),
      Matrix(diagonal: halves.map { 1 / $0 }) * axes.vectors.transposedTimes(r.root)
    )
  }
}

extension Matrix {
  /// Replaces rows, in the order of `indices`.
  mutating func setRows(_ indices: [Int], to new: Matrix) {
    for (i, row) in indices.enumerated() { for j in 0..<new.columns { self[row, j] = new[i, j] } }
  }

  /// Replaces columns, in the order of `indices`.
  mutating func setColumns(_ indices: [Int], to new: Matrix) {
    for (j, column) in indices.enumerated() { for i in 0..<new.rows { self[i, column] = new[i, j] } }
  }
}

extension Site {
  /// Whether its weights stand in the file as float32: others would be rounded anew.
  func isPlain(in graph: Graph) -> Bool {
    [weight, constantTerm(in: graph)].compactMap(\.self).allSatisfy { graph[$0].stored == nil }
  }
}
