import Foundation
import Identity
import Learning
import Settings
import Yams

extension WorkerPolicy {
  private static let keys = [
    "coordinators", "roster", "columns", "smallestCohort", "aggregations", "largestEpsilon", "paillierKey", "cluster",
    "rowsInShares", "ledger",
  ]
  private static let longest = 1 << 20

  /// Reads a policy file:
  ///
  /// ```yaml
  /// coordinators: [4f0a…]        # SHA-256 of certificates, as tacit keys show prints them
  /// roster: [bank-a.pem, …]      # certificates of the workers, beside the policy; for aggregation: masked
  /// columns: [age, income]       # what jobs may read; all where there is no such line
  /// smallestCohort: 3
  /// aggregations: [masked, paillier]
  /// paillierKey: paillier.key    # as tacit dealer paillier made it; for aggregation: paillier
  /// cluster: cluster.yaml        # the parties, for aggregation: shared and for rows in shares
  /// largestEpsilon: 4            # jobs with privacy: {unit: client} and no more than this; without it, any job
  /// ledger: privacy.sqlite       # the worker's own account, as tacit privacy ledger keeps it
  /// rowsInShares: [model]        # what trainings on shares of this worker's rows may reveal; without it, no rows
  /// ```
  ///
  /// - Throws: ``CoordinationError/policy(path:reason:)``; an unknown key names the nearest known one.
  public static func load(from path: String) throws(CoordinationError) -> WorkerPolicy {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .policy(path: path, reason: "it cannot be read; check its path")
    }
    guard let text = String(validating: data, as: UTF8.self), data.count <= longest else {
      throw .policy(path: path, reason: "it is no UTF-8 text of at most \(longest) bytes")
    }
    return try parse(text, of: path)
  }

  /// Reads the text of the policy file at `path`.
  package static func parse(_ text: String, of path: String) throws(CoordinationError) -> WorkerPolicy {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    return try Reader(path: path).policy(of: text, folder: folder)
  }

  private struct Reader {
    let path: String

    func fault(_ reason: String) -> CoordinationError { .policy(path: path, reason: reason) }

    func policy(of text: String, folder: String) throws(CoordinationError) -> WorkerPolicy {
      let entries = try mapping(text)
      var policy = WorkerPolicy()
      if let node = entries["coordinators"] {
        var prints: Set<[UInt8]> = []
        for digits in try words(node, "coordinators") {
          guard let print = Fingerprint.parse(digits) else {
            throw fault("“coordinators” must be SHA-256 fingerprints of 64 hexadecimal digits")
          }
          prints.insert(print)
        }
        policy.coordinators = prints
      }
      if let node = entries["roster"] {
        policy.roster = try words(node, "roster").map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 }
      }
      if let node = entries["paillierKey"] {
        guard let file = node.scalar?.string, !file.isEmpty else { throw fault("“paillierKey” must be a file") }
        policy.paillierKey = file.hasPrefix("/") ? file : folder + "/" + file
      }
      if let node = entries["cluster"] {
        guard let file = node.scalar?.string, !file.isEmpty else { throw fault("“cluster” must be a file") }
        policy.cluster = file.hasPrefix("/") ? file : folder + "/" + file
      }
      if let node = entries["ledger"] {
        guard let file = node.scalar?.string, !file.isEmpty else { throw fault("“ledger” must be a file") }
        policy.ledger = file.hasPrefix("/") ? file : folder + "/" + file
      }
      if let node = entries["rowsInShares"] { policy.rowsInShares = try revealed(node) }
      if let node = entries["columns"] { policy.columns = Set(try words(node, "columns")) }
      if let node = entries["smallestCohort"] {
        guard let count = node.int, count >= 1 else { throw fault("“smallestCohort” must be a whole number from 1 up") }
        policy.smallestCohort = count
      }
      if let node = entries["aggregations"] { policy.aggregations = try aggregations(node) }
      if let node = entries["largestEpsilon"] {
        guard let epsilon = node.float, epsilon >= 0, epsilon.isFinite else {
          throw fault("“largestEpsilon” must be a number of at least 0")
        }
        policy.largestEpsilon = epsilon
      }
      return policy
    }

    private func aggregations(_ node: Node) throws(CoordinationError) -> Set<Aggregation> {
      let names = Aggregation.allCases.map(\.rawValue)
      var aggregations: Set<Aggregation> = []
      for word in try words(node, "aggregations") {
        guard let aggregation = Aggregation(rawValue: word) else {
          let hint = Spelling.nearest(to: word, in: names).map { "did you mean \($0)?" }
          throw fault("“\(word)” is no aggregation; \(hint ?? "write \(names.joined(separator: ", "))")")
        }
        aggregations.insert(aggregation)
      }
      return aggregations
    }

    private func revealed(_ node: Node) throws(CoordinationError) -> Set<Job.EncryptedPart.Revealed> {
      let names = Job.EncryptedPart.Revealed.allCases.map(\.rawValue)
      var revealed: Set<Job.EncryptedPart.Revealed> = []
      for word in try words(node, "rowsInShares") {
        guard let value = Job.EncryptedPart.Revealed(rawValue: word) else {
          throw fault("“\(word)” is nothing that a training reveals; write \(names.joined(separator: ", "))")
        }
        revealed.insert(value)
      }
      return revealed
    }

    private func words(_ node: Node, _ key: String) throws(CoordinationError) -> [String] {
      guard let list = node.sequence else { throw fault("“\(key)” must be a list") }
      var words: [String] = []
      for item in list {
        guard let word = item.scalar?.string else { throw fault("“\(key)” must be a list of words") }
        words.append(word)
      }
      return words
    }

    private func mapping(_ text: String) throws(CoordinationError) -> [String: Node] {
      guard YAMLBounds.nesting(of: text) <= 16, !YAMLBounds.hasAlias(text) else {
        throw fault("it is nested too deeply or uses an alias; write it out")
      }
      guard let root = try? Yams.compose(yaml: text), let mapping = root.mapping else {
        throw fault("it is no YAML of keys and values")
      }
      var entries: [String: Node] = [:]
      for (key, value) in mapping {
        let name = key.string ?? "?"
        guard WorkerPolicy.keys.contains(name) else {
          let nearest = Spelling.nearest(to: name, in: WorkerPolicy.keys)
          throw fault("“\(name)” is no key of a policy" + (nearest.map { "; did you mean \($0)?" } ?? "; remove it"))
        }
        guard entries.updateValue(value, forKey: name) == nil else { throw fault("“\(name)” stands twice") }
      }
      return entries
    }
  }
}

extension WorkerPolicy {
  /// The file's text; reading it gives the same policy.
  public var yaml: String {
    func quoted(_ text: String) -> String { "'" + text.replacingOccurrences(of: "'", with: "''") + "'" }
    func list(_ words: [String]) -> String { "[" + words.map(quoted).joined(separator: ", ") + "]" }
    var lines: [String] = []
    if let coordinators { lines.append("coordinators: \(list(coordinators.map(Fingerprint.text).sorted()))") }
    if !roster.isEmpty { lines.append("roster: \(list(roster))") }
    if let columns { lines.append("columns: \(list(columns.sorted()))") }
    lines.append("smallestCohort: \(smallestCohort)")
    lines.append("aggregations: \(list(aggregations.map(\.rawValue).sorted()))")
    if let paillierKey { lines.append("paillierKey: \(quoted(paillierKey))") }
    if let cluster { lines.append("cluster: \(quoted(cluster))") }
    if let rowsInShares { lines.append("rowsInShares: \(list(rowsInShares.map(\.rawValue).sorted()))") }
    if let ledger { lines.append("ledger: \(quoted(ledger))") }
    if let largestEpsilon { lines.append("largestEpsilon: \(largestEpsilon)") }
    return lines.joined(separator: "\n") + "\n"
  }
}
