/// Finds the word that was meant.
package enum Spelling {
  /// The candidate that begins with the word, or else the one of least edit distance, if it changes at most half of it;
  /// letters of either case are equal.
  package static func nearest(to word: String, in candidates: [String]) -> String? {
    let letters = Array(word.lowercased().prefix(40))
    if !letters.isEmpty, let longer = candidates.first(where: { $0.lowercased().starts(with: letters) }) {
      return longer
    }
    let ranked = candidates.map { (name: $0, distance: distance(letters, Array($0.lowercased()))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= max(1, best.name.count / 2) else {
      return nil
    }
    return best.name
  }

  /// The fewest insertions, deletions, replacements and exchanges of neighbours (optimal string alignment).
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var least = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
