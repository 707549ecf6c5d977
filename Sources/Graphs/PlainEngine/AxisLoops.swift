import CKernels

/// Loops along one axis.
extension AxisRuns {
  func maximum(_ x: Source, _ out: Target) {
    for block in 0..<outer {
      let (from, to) = (x + block &* extent &* inner, out + block &* inner)
      to.update(from: from, count: inner)
      for step in 1..<Swift.max(extent, 1) {
        let line = from + step &* inner
        for i in 0..<inner where line[i] > to[i] { to[i] = line[i] }
      }
    }
  }

  func firstMaximum(_ x: Source, _ out: Target) {
    for block in 0..<outer {
      let from = x + block &* extent &* inner
      for i in 0..<inner {
        var best = 0
        for step in 1..<Swift.max(extent, 1) where from[step &* inner &+ i] > from[best &* inner &+ i] { best = step }
        out[block &* inner &+ i] = Float(best)
      }
    }
  }

  /// Reads runs of `x`, which has this form.
  func gather(_ indices: [Int], _ x: Source, _ out: Target) {
    var to = out
    for block in 0..<outer {
      let from = x + block &* extent &* inner
      for index in indices {
        to.update(from: from + index &* inner, count: inner)
        to += inner
      }
    }
  }

  /// Adds to runs of `out`, which has this form.
  func scatter(_ indices: [Int], _ x: Source, _ out: Target) {
    out.update(repeating: 0, count: outer &* extent &* inner)
    var from = x
    for block in 0..<outer {
      let to = out + block &* extent &* inner
      for index in indices {
        ck_f32_add(inner, to + index &* inner, from, to + index &* inner)
        from += inner
      }
    }
  }
}
