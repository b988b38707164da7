/// Shell patterns over names: `*` stands for any characters, `?` for one.
package enum Glob {
  /// Whether the whole name fits the pattern.
  ///
  /// Takes time in the product of their lengths at worst.
  package static func matches(_ name: String, _ pattern: String) -> Bool {
    let (text, glob) = (Array(name), Array(pattern))
    var (t, p) = (0, 0)
    var retry: (text: Int, glob: Int)?
    while t < text.count {
      if p < glob.count, glob[p] == "*" {
        p += 1
        retry = (t, p)
      } else if p < glob.count, glob[p] == "?" || glob[p] == text[t] {
        t += 1
        p += 1
      } else if let back = retry {
        retry = (back.text + 1, back.glob)
        (t, p) = (back.text + 1, back.glob)
      } else {
        return false
      }
    }
    return glob[p...].allSatisfy { $0 == "*" }
  }
}
