import ShrinkGraph
import Testing

@testable import ShrinkOps

@Suite struct AxisFormTests {
  private static func product(_ factors: Int...) -> AxisForm? { AxisForm.product(factors.map { AxisForm($0) }) }

  @Test func axisOfOneHasNoFactors() {
    #expect(AxisForm(1).segments == [[]] && AxisForm(1).length == 1)
    #expect(AxisForm(5).segments == [[5]] && AxisForm(5).ends == [5])
  }

  /// The form cut at some places, one after the other; nil where it cannot be.
  private static func cut(_ form: AxisForm?, _ places: Int...) -> AxisForm? {
    guard var form else { return nil }
    return places.allSatisfy { form.cut(at: $0) } ? form : nil
  }

  @Test func cutsBetweenOuterIndices() {
    let form = Self.product(3, 4)
    #expect(form?.segments == [[3, 4]])
    #expect(Self.cut(form, 4)?.segments == [[4], [2, 4]])
    let whole = Self.cut(form, 4, 8)
    #expect(whole?.segments == [[4], [4], [4]] && whole?.ends == [4, 8, 12])
    #expect(Self.cut(whole, 0, 12) == whole && Self.cut(whole, 13) == nil)
  }

  /// A cut inside an inner factor is made for every index of the outer ones.
  @Test func cutsInsideInnerFactorsAlike() {
    let form = Self.cut(Self.product(3, 4), 1)
    #expect(form?.segments == [[], [3], [], [3], [], [3]] && form?.length == 12)
  }

  @Test func formOfTooManySegmentsIsNotCut() {
    let long = Self.product(AxisForm.most + 1, 2)
    #expect(Self.cut(long, 1) == nil)
    #expect(Self.cut(long, 2) != nil, "between outer indices the number does not matter")
  }

  @Test func commonFactorsAreTheCoarsestOfBoth() {
    #expect(AxisForm.common([12], [3, 4]) == [3, 4])
    #expect(AxisForm.common([6, 2], [3, 4]) == [3, 2, 2])
    #expect(AxisForm.common([4, 6], [6, 4]) == nil)
    #expect(AxisForm.common([2, 3], [2]) == nil && AxisForm.common([], []) == [])
  }

  @Test func commonFormCutsBothAlike() throws {
    let a = try #require(Self.cut(AxisForm(12), 4))
    #expect(a.segments == [[4], [8]])
    let b = try #require(Self.product(3, 4))
    #expect(AxisForm.common(a, b)?.segments == [[4], [2, 4]])
    #expect(AxisForm.common(b, a) == AxisForm.common(a, b))
    #expect(AxisForm.common(AxisForm(12), AxisForm(13)) == nil)
  }

  @Test func partsAreTakenOutAndPutBackFiner() throws {
    var form = try #require(Self.cut(AxisForm(12), 4))
    #expect(
      form.segments(in: 0..<4) == 0..<1 && form.segments(in: 4..<12) == 1..<2 && form.segments(in: 3..<5) == 0..<2)
    #expect(form.part(4..<12).segments == [[8]])
    form.replace(4..<12, by: try #require(Self.product(2, 4)))
    #expect(form.segments == [[4], [2, 4]])
  }

  /// heads × (width a + width b): the segments of the inner axis come again for each index of the outer one.
  @Test func productRepeatsSegmentsOfInnerAxes() throws {
    let inner = try #require(Self.cut(AxisForm(5), 2))
    #expect(AxisForm.product([AxisForm(2), inner])?.segments == [[2], [3], [2], [3]])
    #expect(AxisForm.product([inner, AxisForm(2)])?.segments == [[2], [3]].map { $0 + [2] })
    #expect(AxisForm.product([])?.segments == [[]])
    #expect(AxisForm.product([AxisForm(AxisForm.most), inner]) == nil)
  }

  @Test func factoringUndoesTheProduct() throws {
    let inner = try #require(Self.cut(AxisForm(6), 2))
    let whole = try #require(AxisForm.product([AxisForm(3), inner]))
    let parts = try #require(whole.factored([3, 6]))
    #expect(parts.map(\.length) == [3, 6] && parts[1] == inner)
    #expect(AxisForm(24).factored([2, 3, 4])?.map(\.segments) == [[[2]], [[3]], [[4]]])
    #expect(Self.product(4, 6)?.factored([6, 4]) == nil, "no factors are finer than both")
    #expect(AxisForm(7).factored([7])?.map(\.segments) == [[[7]]])
  }

  /// Whatever is cut, parts and products keep their lengths.
  @Test(arguments: 0..<100 as Range<UInt64>) func lengthsStay(seed: UInt64) throws {
    var rng = SplitMix64(seed: seed)
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &rng) }
    let sizes = (0..<number(1...3)).map { _ in number(1...4) }
    var form = try #require(AxisForm.product(sizes.map { AxisForm($0) }))
    let length = sizes.reduce(1, *)
    for _ in 0..<3 {
      let place = number(0...length)
      if form.cut(at: place) { #expect(place == 0 || form.ends.contains(place), "seed \(seed): \(form) at \(place)") }
      #expect(form.length == length, "seed \(seed): \(form)")
    }
    let other = try #require(AxisForm.product(sizes.map { AxisForm($0) }))
    let common = try #require(AxisForm.common(form, other), "seed \(seed): \(form), \(other)")
    #expect(common.length == length && Set(common.ends).isSuperset(of: form.ends), "seed \(seed)")
    guard let factored = form.factored(sizes) else { return }
    let again = try #require(AxisForm.product(factored))
    #expect(factored.map(\.length) == sizes && Set(again.ends).isSuperset(of: form.ends), "seed \(seed): \(factored)")
  }
}
