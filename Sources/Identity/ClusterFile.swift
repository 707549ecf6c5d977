public import Transports

/// Who the computing parties are, where they listen and which certificates they show; one file for the whole cluster.
///
/// ```yaml
/// parties:                    # in the order of the parties
///   - name: p0
///     address: 127.0.0.1:9001
///     certificate: 4c77…7801  # SHA-256, 64 hexadecimal digits, as `tacit keys show` prints it
/// scheme: spdz                # optional, with a dealer: shares have MACs, cheating parties are caught; else additive
/// dealer:                     # optional: additive sharing among all parties, with this dealer
///   name: dealer
///   address: 127.0.0.1:9100
///   certificate: 90ab…34ef
/// deadlineSeconds: 60         # optional: how long anybody waits for a message
/// authority: authority.pem    # optional: a path beside this file
/// ```
public struct ClusterFile: Hashable, Sendable {
  /// One computing party.
  public struct Party: Hashable, Sendable {
    public var name: String
    public var host: String
    public var port: Int
    /// The SHA-256 of its certificate.
    public var certificate: [UInt8]

    public init(name: String, host: String, port: Int, certificate: [UInt8]) {
      self.name = name
      self.host = host
      self.port = port
      self.certificate = certificate
    }

    /// `host:port`, with brackets around an IPv6 address.
    public var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  /// How the parties share secrets.
  public enum Scheme: String, Hashable, Sendable, CaseIterable {
    /// Among three parties, without a dealer.
    case replicated
    /// Among two or more, with a dealer.
    case additive
    /// The same, and shares have MACs.
    case spdz
    /// Among three parties, without a dealer, and products are checked.
    case replicatedMalicious = "replicated-malicious"

    /// Whether its parties have a dealer.
    public var hasDealer: Bool {
      switch self {
      case .replicated, .replicatedMalicious: false
      case .additive, .spdz: true
      }
    }
  }

  public var parties: [Party]
  /// Additive where there is a dealer and nothing else is said.
  public var scheme: Scheme
  /// Who makes correlated randomness for additive parties; without one, parties share by replication.
  public var dealer: Party?
  /// How long anybody waits for a message; `nil` leaves it to the program.
  public var deadline: Duration?
  /// The path of the authority's certificate.
  public var authority: String?

  /// A cluster of at least two parties with different names and addresses.
  public init(
    parties: [Party], dealer: Party? = nil, scheme: Scheme? = nil, deadline: Duration? = nil, authority: String? = nil
  ) throws(IdentityError) {
    self.parties = parties
    self.scheme = scheme ?? (dealer == nil ? .replicated : .additive)
    self.dealer = dealer
    self.deadline = deadline
    self.authority = authority
    try validate()
  }

  /// Reads a cluster file.
  public static func load(from path: String) throws(IdentityError) -> ClusterFile {
    try ClusterFile(parsing: try KeyFile.read(path))
  }

  /// Writes a cluster file; replaces nothing.
  public func save(to path: String) throws(IdentityError) {
    try validate()
    try KeyFile.write(yaml, to: path, isPrivate: false)
  }

  /// Checks what makes a cluster usable; `partyCount` where a scheme needs an exact number, as the replicated one needs
  /// 3.
  public func validate(partyCount: Int? = nil) throws(IdentityError) {
    if let partyCount, parties.count != partyCount {
      throw .cluster(reason: "it lists \(parties.count) parties where exactly \(partyCount) are needed")
    }
    guard (2...64).contains(parties.count) else {
      throw .cluster(reason: "it lists \(parties.count) parties; 2 to 64 are possible")
    }
    let members = parties + [dealer].compactMap { $0 }
    for member in members { try validate(member) }
    try checkUnique(members.map(\.name), "name")
    try checkUnique(members.map(\.address), "address")
    try checkUnique(members.map { Fingerprint.text($0.certificate) }, "certificate")
    guard scheme.hasDealer == (dealer != nil) else {
      throw .cluster(reason: "the scheme \(scheme.rawValue) \(dealer == nil ? "needs a dealer" : "has no dealer")")
    }
    if let deadline, deadline <= .zero { throw .cluster(reason: "deadlineSeconds must be greater than 0") }
  }

  private func validate(_ party: Party) throws(IdentityError) {
    guard !party.name.isEmpty else { throw .cluster(reason: "a party has an empty name") }
    guard !party.host.isEmpty, (1...65535).contains(party.port) else {
      throw .cluster(reason: "the address of \(party.name) needs a host and a port from 1 to 65535")
    }
    guard party.certificate.count == Fingerprint.byteCount else {
      throw .cluster(reason: "the certificate of \(party.name) must be a SHA-256 of 64 hexadecimal digits")
    }
  }

  private func checkUnique(_ values: [String], _ what: String) throws(IdentityError) {
    var seen: Set<String> = []
    for value in values where !seen.insert(value).inserted {
      throw .cluster(reason: "two parties have the \(what) \(value)")
    }
  }

  /// The fingerprints of all parties, for a ``PeerPolicy``.
  public var pins: Set<[UInt8]> { Set(parties.map(\.certificate)) }

  /// The parties as a mesh needs them.
  public var peerAddresses: [PeerAddress] {
    parties.map { PeerAddress(host: $0.host, port: $0.port, fingerprint: $0.certificate) }
  }

  /// The index of the party with this certificate.
  public func index(ofCertificate fingerprint: [UInt8]) -> PartyID? {
    parties.firstIndex { $0.certificate == fingerprint }
  }
}
