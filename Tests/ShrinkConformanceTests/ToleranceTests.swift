import ShrinkConformance
import ShrinkGraph
import Testing

@Suite struct ToleranceTests {
  private func difference(_ found: [Float], _ wanted: [Float]) -> String? {
    Tolerance.backend.difference(Tensor(shape: [found.count], found), Tensor(shape: [wanted.count], wanted))
  }

  @Test func allowsWhatTheBackendRunnerAllows() {
    #expect(difference([1, 1000.9, 5e-8], [1, 1000, 0]) == nil)
    #expect(difference([.nan, .infinity, -.infinity], [.nan, .infinity, -.infinity]) == nil)
    #expect(difference([], []) == nil)
  }

  @Test func namesTheElementThatIsOffTheMost() {
    #expect(difference([1, 3, 2.1], [1, 2, 2]) == "element 1 of [3] is 3.0, not 2.0")
    #expect(difference([1], [.nan]) != nil && difference([.nan], [1]) != nil && difference([1], [.infinity]) != nil)
    #expect(difference([2e-7], [0]) != nil && difference([1.002], [1]) != nil)
  }

  @Test func comparesTypesAndShapes() {
    let x = Tensor(shape: [2], [1, 2] as [Float])
    #expect(Tolerance.backend.difference(x, x.reshaped([1, 2])) == "is float32[2], not float32[1, 2]")
    #expect(Tolerance.backend.difference(x, Tensor(shape: [2], [1, 2] as [Double])) != nil)
  }

  @Test func allowsTwoUnitsOfHalves() {
    func half(_ bits: UInt16) -> Tensor {
      let storage = TensorStorage(byteCount: 2)
      storage.bytes.storeBytes(of: bits, as: UInt16.self)
      return Tensor(dtype: .float16, shape: [], storage: storage)
    }
    #expect(Tolerance.backend.difference(half(0x3c02), half(0x3c00)) == nil)
    #expect(Tolerance.backend.difference(half(0x3c03), half(0x3c00)) != nil)
  }
}
