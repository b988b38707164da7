import ShrinkGraph

/// What MultiHeadAttention and Attention of ONNX Runtime have in common: attributes, and masks of three kinds.
struct ProjectedAttention: Sendable {
  let heads: Int
  let isCausal: Bool
  let scale: Float?
  /// What is added to scores that a mask hides.
  private let filter: Float

  init(_ attributes: Attributes) throws(OperatorError) {
    guard let heads = try attributes.int("num_heads"), heads > 0 else { throw .invalid("has no number of heads") }
    self.heads = heads
    isCausal = try attributes.int("unidirectional", default: 0) != 0
    // The runtime takes 0 for left out.
    scale = try attributes.float("scale").flatMap { $0 == 0 ? nil : $0 }
    filter = try attributes.float("mask_filter_value", default: -10000)
  }

  /// Elements of a head.
  func width(_ size: Int, _ name: String) throws(OperatorError) -> Int {
    guard size % heads == 0 else { throw .invalid("splits \(name) of \(size) elements into \(heads) heads") }
    return size / heads
  }

  func scale(width: Int) -> Double { scale.map(Double.init) ?? 1 / Double(width).squareRoot() }

  /// Throws unless a causal attention sees what the specification says: the runtime lets the last query see all keys.
  func checkCausal(_ p: AttentionPlan) throws(OperatorError) {
    guard isCausal, p.keys - p.past > p.queries else { return }
    throw .unsupported("unidirectional attention from \(p.queries) queries to \(p.keys - p.past) keys")
  }

  /// How a mask says which keys are there.
  enum MaskForm {
    /// One number a key: 0 hides it.
    case keys
    /// One number a query and key.
    case scores
    /// Each sample's first key that is hidden, or first those and then each sample's first that is not.
    case bounds(hasStarts: Bool)
  }

  /// The form of a mask; nil for none.
  func form(_ mask: [Int]?, _ p: AttentionPlan, allowsStarts: Bool) throws(OperatorError) -> MaskForm? {
    guard let mask else { return nil }
    switch mask {
    case [p.batch]: return .bounds(hasStarts: false)
    case [2 * p.batch] where allowsStarts: return .bounds(hasStarts: true)
    case [p.batch, p.keys]: return .keys
    case [p.batch, p.queries, p.keys]: return .scores
    // One number for all keys, of which the runtime takes no notice.
    case [p.batch, 1] where allowsStarts, [1, 1] where allowsStarts: return nil
    case [3 * p.batch + 2]: throw .unsupported("a mask of shape \(mask): cumulated lengths")
    default:
      guard mask.count != 4 else { throw .unsupported("a mask of shape \(mask)") }
      throw .invalid("masks keys [\(p.batch), \(p.keys)] by a mask of shape \(mask)")
    }
  }

  /// Throws unless a summand of the scores has four axes that repeat only over samples and heads.
  func checkBias(_ bias: TensorType?, _ p: AttentionPlan, _ dtype: DType) throws(OperatorError) {
    guard let bias else { return }
    let s = bias.shape
    guard s.count == 4, s[0] == 1 || s[0] == p.batch, s[1] == 1 || s[1] == heads, s[2] == p.queries, s[3] == p.keys,
      bias.dtype == dtype
    else { throw .invalid("adds \(bias.dtype)\(s) to scores [\(p.batch), \(heads), \(p.queries), \(p.keys)]") }
  }

  /// Mask and summand of the scores as one tensor that is added to them; nil for neither.
  func added(
    _ mask: Tensor?, _ bias: Tensor?, _ p: AttentionPlan, allowsStarts: Bool
  ) throws(OperatorError) -> Tensor? {
    guard let form = try form(mask?.shape, p, allowsStarts: allowsStarts), let mask else { return bias }
    guard let numbers = mask.integers else { throw .unsupportedType(mask.dtype) }
    let added: Tensor
    switch form {
    case .keys: added = Tensor(shape: [p.batch, 1, 1, p.keys], numbers.map { $0 > 0 ? 0 : filter })
    case .scores: added = Tensor(shape: [p.batch, 1, p.queries, p.keys], numbers.map { $0 > 0 ? 0 : filter })
    case .bounds(let hasStarts):
      let rows = (0..<p.batch).flatMap { sample in
        let start = hasStarts ? numbers[p.batch + sample] : 0
        return (0..<p.keys).map { $0 < numbers[sample] && $0 >= start ? 0 : filter }
      }
      added = Tensor(shape: [p.batch, 1, 1, p.keys], rows)
    }
    guard let bias else { return added }
    let wide = try Conversion.convert(bias, to: .float32)
    let shape = try Broadcast.shape([added.shape, wide.shape])
    return Broadcast.map(added, wide, to: shape) { (a: Float, b: Float) in a + b }
  }
}
