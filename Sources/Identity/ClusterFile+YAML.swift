internal import Foundation
internal import Settings
internal import Yams

extension ClusterFile {
  private static let keys = ["parties", "scheme", "dealer", "deadlineSeconds", "authority"]
  private static let partyKeys = ["name", "address", "certificate"]
  private static let longest = 64 << 10
  private static let deepest = 16

  /// Reads the text of a cluster file. An unknown key is an error that names the nearest known one.
  public init(parsing text: String) throws(IdentityError) {
    let root = try ClusterFile.mapping(
      try ClusterFile.compose(text), known: ClusterFile.keys, place: "at the top level")
    guard let list = root["parties"]?.sequence else {
      throw .cluster(reason: "“parties” must be a list of parties")
    }
    var parties: [Party] = []
    for (index, node) in list.enumerated() { parties.append(try ClusterFile.party(node, "in party \(index)")) }
    var scheme: Scheme?
    if let node = root["scheme"] {
      let name = try ClusterFile.text(node, key: "scheme", place: "at the top level")
      scheme = Scheme(rawValue: name)
      guard scheme != nil else {
        throw .cluster(reason: "“scheme” is replicated, replicated-malicious, additive or spdz, not “\(name)”")
      }
    }
    var dealer: Party?
    if let node = root["dealer"] { dealer = try ClusterFile.party(node, "in the dealer") }
    var deadline: Duration?
    if let node = root["deadlineSeconds"] {
      guard let seconds = node.float, seconds > 0, seconds <= 86400 else {
        throw .cluster(reason: "“deadlineSeconds” must be a number greater than 0, at most 86400")
      }
      deadline = .milliseconds(Int64((seconds * 1000).rounded(.up)))
    }
    var authority: String?
    if let node = root["authority"] {
      authority = try ClusterFile.text(node, key: "authority", place: "at the top level")
    }
    try self.init(parties: parties, dealer: dealer, scheme: scheme, deadline: deadline, authority: authority)
  }

  /// The file's text; reading it gives the same cluster.
  public var yaml: String {
    var lines = ["parties:"]
    for party in parties {
      lines.append("  - name: \(ClusterFile.quoted(party.name))")
      lines.append("    address: \(ClusterFile.quoted(party.address))")
      lines.append("    certificate: \(ClusterFile.quoted(Fingerprint.text(party.certificate)))")
    }
    if scheme == .spdz || scheme == .replicatedMalicious { lines.append("scheme: \(scheme.rawValue)") }
    if let dealer {
      lines.append("dealer:")
      lines.append("  name: \(ClusterFile.quoted(dealer.name))")
      lines.append("  address: \(ClusterFile.quoted(dealer.address))")
      lines.append("  certificate: \(ClusterFile.quoted(Fingerprint.text(dealer.certificate)))")
    }
    if let deadline {
      let seconds = Double(deadline.components.seconds) + Double(deadline.components.attoseconds) / 1e18
      lines.append("deadlineSeconds: \(seconds)")
    }
    if let authority { lines.append("authority: \(ClusterFile.quoted(authority))") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String { "'" + text.replacingOccurrences(of: "'", with: "''") + "'" }

  private static func compose(_ text: String) throws(IdentityError) -> Node {
    guard text.utf8.count <= longest else { throw .cluster(reason: "it is longer than \(longest) bytes") }
    guard YAMLBounds.nesting(of: text) <= deepest else {
      throw .cluster(reason: "it is nested deeper than \(deepest) levels")
    }
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw .cluster(reason: "it is no YAML: \(oneLine("\(error)"))")
    } catch {
      throw .cluster(reason: "it is no YAML")
    }
    guard let node else { throw .cluster(reason: "it is empty") }
    return node
  }

  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
  }

  private static func party(_ node: Node, _ place: String) throws(IdentityError) -> Party {
    let entries = try mapping(node, known: partyKeys, place: place)
    let address = try text(entries["address"], key: "address", place: place)
    guard let (host, port) = split(address) else {
      throw .cluster(reason: "“\(address)” \(place) is no address; write host:port with a port from 1 to 65535")
    }
    let digits = try text(entries["certificate"], key: "certificate", place: place)
    guard let certificate = Fingerprint.parse(digits) else {
      throw .cluster(reason: "“certificate” \(place) must be a SHA-256 of 64 hexadecimal digits")
    }
    let name = try text(entries["name"], key: "name", place: place)
    return Party(name: name, host: host, port: port, certificate: certificate)
  }

  /// The entries of a mapping whose keys are all known and different.
  private static func mapping(
    _ node: Node, known: [String], place: String
  ) throws(IdentityError) -> [String: Node] {
    guard let mapping = node.mapping else {
      throw .cluster(reason: "something else stands \(place) where \(known.joined(separator: ", ")) should")
    }
    var entries: [String: Node] = [:]
    for (key, value) in mapping {
      let name = key.string ?? "?"
      guard known.contains(name) else {
        throw .unknownKey(name, nearest: Spelling.nearest(to: name, in: known), place: place)
      }
      guard entries.updateValue(value, forKey: name) == nil else {
        throw .cluster(reason: "“\(name)” stands twice \(place)")
      }
    }
    return entries
  }

  private static func text(_ node: Node?, key: String, place: String) throws(IdentityError) -> String {
    guard let node else { throw .cluster(reason: "“\(key)” is missing \(place)") }
    guard let text = node.scalar?.string, !text.isEmpty else {
      throw .cluster(reason: "“\(key)” \(place) must be text")
    }
    return text
  }

  private static func split(_ address: String) -> (host: String, port: Int)? {
    guard let colon = address.lastIndex(of: ":") else { return nil }
    var host = address[..<colon]
    let digits = address[address.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), (1...65535).contains(port)
    else { return nil }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    return host.isEmpty ? nil : (String(host), port)
  }
}
