/// Operands of a node, by slot; optional ones may be left out.
package struct Operands<Element: Sendable>: Sendable {
  /// One entry a slot; nil where the operand is left out.
  package let items: [Element?]

  /// Wraps a list.
  package init(_ items: [Element?]) { self.items = items }

  /// Number of slots, trailing ones that are left out included.
  package var count: Int { items.count }
  /// Those that are there, in order.
  package var present: [Element] { items.compactMap(\.self) }
  /// A required operand: the driver has checked that it is there.
  package subscript(slot: Int) -> Element {
    guard slot < items.count, let item = items[slot] else { preconditionFailure("operand \(slot) is not there") }
    return item
  }
  /// An optional operand.
  package func optional(_ slot: Int) -> Element? { slot < items.count ? items[slot] : nil }
}
