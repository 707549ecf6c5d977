public import Foundation

/// The terms on which an owner lets clients ask a shared model. Every party keeps them and holds clients to them by itself.
///
/// A query of a batch of b examples counts b requests: what an answer tells about the model grows with the examples.
public struct ModelTerms: Hashable, Sendable, Codable {
  /// How many requests a client may send in a stretch of time; unused ones are saved up to as many.
  public struct Rate: Hashable, Sendable, Codable {
    public var count: Int
    public var seconds: Double

    public init(count: Int, seconds: Double) {
      self.count = count
      self.seconds = seconds
    }
  }

  /// SHA-256 of the certificates that may ask, as `tacit keys show` prints them; `nil` for every client of the cluster's
  /// authority.
  public var clients: [String]?
  /// Requests of all clients together.
  public var requests: Int?
  /// Requests of each client.
  public var requestsPerClient: Int?
  /// Of each client.
  public var rate: Rate?
  /// No request is answered from then on.
  public var expires: Date?
  /// Pages of these origins may ask with tokens of the owner's; `nil` where no page may.
  public var origins: [String]?

  public init(
    clients: [String]? = nil, requests: Int? = nil, requestsPerClient: Int? = nil, rate: Rate? = nil,
    expires: Date? = nil, origins: [String]? = nil
  ) {
    self.clients = clients
    self.requests = requests
    self.requestsPerClient = requestsPerClient
    self.rate = rate
    self.expires = expires
    self.origins = origins
  }

  static let mostRequests = 1 << 48
  static let mostClients = 100_000
  static let mostOrigins = 100

  /// - Throws: ``ServingError/badRequest(_:)``.
  public func validate() throws {
    for (limit, flag) in [(requests, "requests"), (requestsPerClient, "requests-per-client")] {
      guard limit.map({ (1...Self.mostRequests).contains($0) }) ?? true else {
        throw ServingError.badRequest("--\(flag) is a number from 1 to \(Self.mostRequests)")
      }
    }
    if let rate {
      guard (1...Self.mostRequests).contains(rate.count), rate.seconds.isFinite, (1...86_400).contains(rate.seconds)
      else { throw ServingError.badRequest("--rate is a number of requests in a second, a minute, an hour or a day") }
    }
    if let clients {
      guard !clients.isEmpty, clients.count <= Self.mostClients, clients.allSatisfy(Self.isFingerprint) else {
        throw ServingError.badRequest("the allowed clients are 1 to \(Self.mostClients) SHA-256 of certificates")
      }
    }
    guard expires?.timeIntervalSince1970.isFinite ?? true else {
      throw ServingError.badRequest("the day on which a model expires is a date")
    }
    if let origins {
      guard (1...Self.mostOrigins).contains(origins.count) else {
        throw ServingError.badRequest("pages of 1 to \(Self.mostOrigins) origins may ask a model")
      }
      for origin in origins { try WebOrigin.checked(origin) }
    }
  }

  private static func isFingerprint(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (97...102).contains($0) }
  }
}

extension ModelTerms.Rate {
  private static let units = ["s": 1.0, "min": 60, "h": 3600, "d": 86_400]

  /// Reads `5/s`, `100/min`, `1000/h` or `10000/d`.
  ///
  /// - Throws: ``ServingError/badRequest(_:)``.
  public init(parsing text: String) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[0]), count > 0, let seconds = Self.units[String(parts[1])] else {
      throw ServingError.badRequest("--rate is N/s, N/min, N/h or N/d, such as 5/s, not \"\(text.prefix(40))\"")
    }
    self.init(count: count, seconds: seconds)
  }
}

extension ModelTerms.Rate: CustomStringConvertible {
  public var description: String {
    "\(count)/\(Self.units.first { $0.value == seconds }?.key ?? "\(seconds) s")"
  }
}

/// When a model expires, as the command line says it.
public enum ExpiryDate {
  private static let units = ["s": 1.0, "min": 60, "h": 3600, "d": 86_400]

  /// Reads a date, `2027-01-31` (its first instant in UTC) or `2027-01-31T12:00:00Z`, or a duration from now: `90min`,
  /// `12h`, `30d`.
  ///
  /// - Throws: ``ServingError/badRequest(_:)`` for anything else, and for what has passed.
  public static func parse(_ text: String, now: Date = Date()) throws -> Date {
    guard let date = duration(text).map({ now.addingTimeInterval($0) }) ?? day(text) else {
      throw ServingError.badRequest(
        "--expires is a date such as 2027-01-31 or 2027-01-31T12:00:00Z, or a duration such as 90min, 12h or 30d, "
          + "not \"\(text.prefix(40))\"")
    }
    guard date > now else { throw ServingError.badRequest("--expires \(text) has passed already") }
    return date
  }

  private static func duration(_ text: String) -> Double? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int(digits), count > 0, count < 1_000_000, let unit = units[String(text.dropFirst(digits.count))]
    else { return nil }
    return Double(count) * unit
  }

  private static func day(_ text: String) -> Date? {
    try? Date(text.contains("T") ? text : text + "T00:00:00Z", strategy: .iso8601)
  }
}
