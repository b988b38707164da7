import ShrinkGraph
import ShrinkReduce
import ShrinkVerify

/// Reports as text for a terminal, a list of lines each.
package enum ReportText {
  /// The summary of a run.
  package static func lines(_ report: Report) -> [String] {
    var lines = ["\(report.input) -> \(report.output)", ""]
    lines += sizes(report.verdict, head: "held out: \(Figures.count(report.samples.heldOut)) samples")
    lines.append("")
    lines += groups(report.groups)
    lines += weightForms(report.weightForms)
    lines += leftAlone(report.leftAlone)
    return lines
  }

  /// Weights that were fitted behind the nodes through which the file holds them, those of one kind together.
  static func weightForms(_ forms: [WeightForm]) -> [String] {
    guard !forms.isEmpty else { return [] }
    var kinds: [String] = []
    var names: [String: [String]] = [:]
    for form in forms {
      let kind = "\(form.stored) through \(form.through.joined(separator: ", ")) -> \(form.written)"
      if names[kind] == nil { kinds.append(kind) }
      names[kind, default: []].append(form.weight)
    }
    var lines = ["stored weights that were fitted"]
    for kind in kinds.prefix(most) {
      let all = names[kind] ?? []
      let rest = all.count > 3 ? " + \(all.count - 3)" : ""
      lines.append("  \(all.prefix(3).joined(separator: ", "))\(rest): \(kind)")
    }
    if kinds.count > most { lines.append("  and \(kinds.count - most) more kinds") }
    return lines
  }

  /// The comparison of two files.
  package static func lines(_ verdict: Verdict, original: String, candidate: String) -> [String] {
    var lines = ["\(original) -> \(candidate)", ""]
    lines += sizes(verdict, head: "compared: \(Figures.count(verdict.samples)) samples")
    lines += ["", "outputs"]
    var table = Table(.left, .right, .right, .right, .right, .right, .right)
    table.add("", "error", "worst sample", "max difference", "SQNR", "min cosine", "allclose")
    for output in verdict.outputs {
      let decibels = output.decibels.map { $0.isFinite ? Figures.fixed($0, 1) + " dB" : "inf" } ?? "-"
      table.add(
        output.name, Figures.error(output.relativeError), Figures.error(output.worstError),
        Figures.error(output.maxDifference), decibels, output.minCosine.map { Figures.fixed($0, 6) } ?? "-",
        "\(Figures.count(output.close)) of \(Figures.count(output.elements))")
    }
    lines += table.lines(indent: "  ")
    lines += verdict.outputs.flatMap(complaints)
    lines +=
      verdict.interface.isEmpty ? ["interface: same"] : ["interface: changed"] + verdict.interface.map { "  \($0)" }
    return lines
  }

  private static func complaints(_ output: Verdict.Output) -> [String] {
    var lines: [String] = []
    if let change = output.change { lines.append("  output '\(output.name)': \(change)") }
    if output.notFinite != Verdict.Pair(0, 0) {
      lines.append(
        "  output '\(output.name)': NaN or infinite in \(output.notFinite.original) elements of the original, "
          + "\(output.notFinite.candidate) of the other")
    }
    return lines
  }

  private static func sizes(_ verdict: Verdict, head: String) -> [String] {
    let (before, after) = (verdict.size.original, verdict.size.candidate)
    var table = Table(.left, .right, .right, .right)
    table.add("", "before", "after", "kept")
    for (name, path) in [
      ("parameters", \NetworkSize.parameters), ("multiply-accumulates", \.macs), ("bytes", \.bytes), ("nodes", \.nodes),
    ] {
      let (a, b) = (before[keyPath: path], after[keyPath: path])
      table.add(name, Figures.count(a), Figures.count(b), Figures.share(b, of: a))
    }
    if let accuracy = verdict.accuracy {
      table.add("top-1 accuracy", Figures.perCent(accuracy.original), Figures.perCent(accuracy.candidate))
    }
    table.add("relative error", "", Figures.error(verdict.relativeError))
    table.add("worst sample", "", Figures.error(verdict.worstError))
    if let agreement = verdict.agreement { table.add("agreement", "", Figures.perCent(agreement)) }
    return table.lines(indent: "  ") + ["  \(head)"]
  }

  /// Most lines of one kind that the summary shows; reports hold all of them.
  static let most = 12

  private static func groups(_ groups: [GroupChange]) -> [String] {
    let changed = groups.filter { $0.after < $0.before }
    guard !changed.isEmpty else { return ["nothing could be removed: the network is the original, simplified"] }
    var table = Table(.left, .right, .left, .right)
    for group in changed.prefix(most) { table.add(group.name, "\(group.before)", "->", "\(group.after)") }
    let same = groups.count - changed.count
    var lines = ["units kept"] + table.lines(indent: "  ")
    if changed.count > most { lines.append("  and \(changed.count - most) more groups") }
    if same > 0 { lines.append("  \(same) \(same == 1 ? "group keeps" : "groups keep") all units") }
    return lines
  }
}
