import Yams

/// A part of a job file, and its path, as `training.epochs` or `model.layers[2]`.
struct JobNode {
  let path: String
  private let node: Node

  private static let longest = 1 << 20
  private static let deepest = 32

  /// The whole file.
  init(parsing text: String) throws(JobError) {
    guard text.utf8.count <= Self.longest else { throw .tooLong(limit: Self.longest) }
    // The parser calls itself for each level and follows aliases, so both are bounded before it starts.
    guard Self.nesting(of: text) <= Self.deepest else { throw .tooDeep(limit: Self.deepest) }
    guard !Self.hasAlias(text) else { throw .hasAlias }
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      let lines = "\(error)".split(whereSeparator: \.isNewline).prefix(3)
      throw .notYAML(lines.joined(separator: " "))
    }
    guard let root else { throw .notYAML("it is empty") }
    self.init(path: "", root)
  }

  private init(path: String, _ node: Node) {
    self.path = path
    self.node = node
  }

  private var place: String { path.isEmpty ? "the job" : path }

  private func child(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The entries of a mapping; with `known`, all its keys are among them.
  func mapping(_ known: [String]?) throws(JobError) -> [String: JobNode] {
    guard let mapping = node.mapping else {
      let names = known.map { " (\($0.joined(separator: ", ")))" }
      throw .wrongType(place, expected: "keys and values" + (names ?? ""))
    }
    var entries: [String: JobNode] = [:]
    for (keyNode, value) in mapping {
      guard let key = keyNode.scalar?.string else { throw .wrongType(place, expected: "keys that are words") }
      if let known, !known.contains(key) {
        throw .unknownKey(child(key), nearest: Self.nearest(to: key, in: known))
      }
      guard entries.updateValue(JobNode(path: child(key), value), forKey: key) == nil else {
        throw .duplicateKey(child(key))
      }
    }
    return entries
  }

  /// As ``mapping(_:)``; a single number stands for the setting `shorthand`.
  func settings(shorthand: String, _ known: [String]) throws(JobError) -> [String: JobNode] {
    node.scalar == nil ? try mapping(known) : [shorthand: self]
  }

  func required(_ key: String, in entries: [String: JobNode]) throws(JobError) -> JobNode {
    guard let node = entries[key] else { throw .missingKey(child(key)) }
    return node
  }

  /// One of the names, alone or as the only key of its settings.
  func variant(_ names: [String]) throws(JobError) -> (name: String, settings: JobNode?) {
    if node.scalar != nil { return (try choice(names), nil) }
    guard let mapping = node.mapping, mapping.count == 1, let entry = try self.mapping(names).first else {
      throw .wrongType(place, expected: "one of \(names.joined(separator: ", ")), with its settings if it has any")
    }
    return (entry.key, entry.value)
  }

  func sequence(atMost limit: Int) throws(JobError) -> [JobNode] {
    guard let list = node.sequence else { throw .wrongType(place, expected: "a list") }
    guard list.count <= limit else { throw .outOfRange(place, allowed: "a list of at most \(limit)") }
    return list.enumerated().map { JobNode(path: "\(path)[\($0.offset)]", $0.element) }
  }

  func string() throws(JobError) -> String {
    guard let text = node.scalar?.string, !text.isEmpty else { throw .wrongType(place, expected: "a text") }
    return text
  }

  func choice(_ choices: [String]) throws(JobError) -> String {
    guard let word = node.scalar?.string else {
      throw .wrongType(place, expected: "one of \(choices.joined(separator: ", "))")
    }
    guard choices.contains(word) else {
      throw .unknownChoice(
        place, given: String(word.prefix(60)), choices: choices, nearest: Self.nearest(to: word, in: choices))
    }
    return word
  }

  func integer(in range: ClosedRange<Int>) throws(JobError) -> Int {
    guard node.scalar != nil, let number = node.int else { throw .wrongType(place, expected: "a whole number") }
    guard range.contains(number) else {
      throw .outOfRange(place, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func number(_ allowed: String, _ isAllowed: (Double) -> Bool) throws(JobError) -> Double {
    guard node.scalar != nil, let number = node.float else { throw .wrongType(place, expected: "a number") }
    guard isAllowed(number) else { throw .outOfRange(place, allowed: allowed) }
    return number
  }
}

// What bounds the parser's work, and what finds the word that was meant.
extension JobNode {
  /// An upper bound of how deeply collections are nested, from brackets, indentation and dashes alone.
  private static func nesting(of text: String) -> Int {
    var brackets = 0
    var deepest = 0
    for line in text.utf8.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
      let lead = line.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "?") }
      let marks = lead.count { $0 != UInt8(ascii: " ") } + lead.count / 2
      brackets += line.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
      deepest = max(deepest, marks + brackets)
      brackets = max(0, brackets - line.count { $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "}") })
    }
    return deepest
  }

  /// Whether a star stands where an alias would begin. A text may need quotes and a letter before the star.
  private static func hasAlias(_ text: String) -> Bool {
    var previous = UInt8(ascii: "\n")
    var isAfterStar = false
    for byte in text.utf8 {
      let isSpace = byte <= UInt8(ascii: " ")
      if isAfterStar, !isSpace { return true }
      isAfterStar = byte == UInt8(ascii: "*") && (previous <= UInt8(ascii: " ") || "[{,:?-".utf8.contains(previous))
      previous = byte
    }
    return false
  }

  /// The candidate of least edit distance, if it changes at most half of it.
  static func nearest(to word: String, in candidates: [String]) -> String? {
    let letters = Array(word.lowercased().prefix(40))
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
