import ShrinkGraph
import Testing

@testable import ShrinkRun

@Suite struct ExecutorTests {
  static let x = Tensor(shape: [2, 4], [-1, 2, -3, 4, 5, -6, 7, -8] as [Float])
  private let diamond = toyGraph(
    ["one": Tensor(Float(1))], outputs: ["y"],
    [
      .init("Relu", ["x"], ["a"]), .init("Add", ["a", "one"], ["b"]), .init("Add", ["a", "b"], ["y"]),
      .init("Mystery", ["y"], ["unread"]),
    ])

  @Test func runsWhatIsWanted() throws {
    #expect(try diamond.outputs(for: Self.x) == ["y": [1, 5, 1, 9, 11, 1, 15, 1]])
    let a = try diamond.value("a")
    let part = try Executor(diamond, wanted: [a], make: Toys.make)
    #expect(part.steps == [NodeID(0)])
    #expect(try part.run([diamond.value("x"): Self.x])[a]?.elements(Float.self) == [0, 2, 0, 4, 5, 0, 7, 0])
    let trivial = try diamond.value("one")
    #expect(try Executor(diamond, wanted: [trivial], make: Toys.make).run([:]) == [trivial: Tensor(Float(1))])
  }

  @Test func visitsEachStepInOrder() throws {
    let executor = try Executor(diamond, make: Toys.make)
    var seen: [NodeID] = []
    _ = try executor.run([diamond.value("x"): Self.x]) { (node, operands, results) throws(ShrinkError) in
      seen.append(node)
      let again = try executor.apply(node, operands)
      #expect(again == results)
    }
    #expect(seen == executor.steps)
  }

  @Test func anOperatorWithoutKernelOnThePathIsNamed() throws {
    let unread = try diamond.value("unread")
    let error = #expect(throws: ShrinkError.self) { try Executor(diamond, wanted: [unread], make: Toys.make) }
    #expect(error?.place == "node 'mystery' (Mystery)" && error?.code == .unsupportedOperator)
  }

  @Test func feedsAreChecked() throws {
    let executor = try Executor(diamond, make: Toys.make)
    let x = try diamond.value("x")
    let missing = #expect(throws: ShrinkError.self) { try executor.run([:]) }
    #expect(missing?.place == "input 'x'" && missing?.code == .badData)
    for bad in [
      Tensor(shape: [2, 5], repeating: Float(0)), Tensor(shape: [4], repeating: Float(0)),
      Tensor(shape: [2, 4], repeating: Int32(0)),
    ] {
      let error = #expect(throws: ShrinkError.self) { try executor.run([x: bad]) }
      #expect(error?.fact.hasPrefix("takes float32 [batch, 4], but is given \(bad.dtype) [") == true)
    }
  }

  @Test func aKernelThatBreaksItsRuleIsAnInternalError() throws {
    let lies = toyGraph(outputs: ["y"], [.init("Liar", ["x"], ["y"])])
    let error = #expect(throws: ShrinkError.self) { try lies.outputs(for: Self.x) }
    #expect(error?.code == .internal && error?.place == "node 'liar' (Liar)")
    let short = toyGraph(outputs: ["y"], [.init("Relu", ["x"], ["y", "z"])])
    #expect(#expect(throws: ShrinkError.self) { try short.outputs(for: Self.x) }?.code == .internal)
  }

  @Test func severalResults() throws {
    let graph = toyGraph(outputs: ["b"], [.init("Halves", ["x"], ["", "b"])])
    #expect(try graph.outputs(for: Self.x) == ["b": [5, -6, 7, -8]])
  }
}
