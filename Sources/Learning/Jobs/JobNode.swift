import Settings
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
    guard YAMLBounds.nesting(of: text) <= Self.deepest else { throw .tooDeep(limit: Self.deepest) }
    guard !YAMLBounds.hasAlias(text) else { throw .hasAlias }
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
        throw .unknownKey(child(key), nearest: Spelling.nearest(to: key, in: known))
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

  var isScalar: Bool { node.scalar != nil }

  var isSequence: Bool { node.sequence != nil }

  var isMapping: Bool { node.mapping != nil }

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
        place, given: String(word.prefix(60)), choices: choices, nearest: Spelling.nearest(to: word, in: choices))
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
