import ShrinkGraph
import ShrinkOps
import Testing

@testable import ShrinkRun

@Suite struct MemoryTests {
  @Test func resultsThatNoMachineHoldsAreRefused() throws {
    try Memory.check([TensorType(.float32, [64, 3, 224, 224])])
    let error = #expect(throws: OperatorError.self) { try Memory.check([TensorType(.float32, [1 << 30, 1 << 30])]) }
    #expect(error?.code == .badData && error?.fact.contains("[1073741824, 1073741824]") == true)
  }
}
