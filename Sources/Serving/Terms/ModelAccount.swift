package import Foundation

/// Who has asked a model how often, held against its terms.
///
/// A request is held from the moment at which the parties agree to run it, and counted just before a party gives its part of
/// the answer away; one that fails before is let go. Counts only grow: of two parties that differ, the larger count is
/// right, as some party has given its part of an answer away.
package struct ModelAccount: Sendable {
  let terms: ModelTerms
  private let allowed: Set<String>?
  /// What was answered, by the client's certificate.
  package private(set) var counts: [String: Int]
  package private(set) var total: Int
  private var held: [String: Int] = [:]
  private var heldTotal = 0
  private var buckets: [String: TokenBucket] = [:]

  private static let mostBuckets = 1 << 16

  package init(_ terms: ModelTerms, counts: [String: Int] = [:]) { self.init(terms, counts: counts, saved: [:]) }

  /// - Parameter saved: what clients had saved up of their rates.
  init(_ terms: ModelTerms, counts: [String: Int], saved: [String: PartyDatabase.SavedRate], at now: Date = Date()) {
    self.terms = terms
    if let rate = terms.rate { buckets = saved.mapValues { TokenBucket(rate, saved: $0, at: now) } }
    allowed = terms.clients.map { Set($0) }
    self.counts = counts
    total = counts.values.reduce(0, Self.sum)
  }

  /// Whether the client may ever ask, and in time.
  ///
  /// - Throws: ``ServingError/policy(_:)``.
  package func checkAccess(_ client: CallerID, model: String, at now: Date) throws {
    guard client.holdsToken || allowed?.contains(client.fingerprint) ?? true else {
      throw ServingError.policy(
        "the model \"\(model)\" is not for \(client.name): its owner did not list its certificate")
    }
    if let expires = terms.expires, now >= expires {
      throw ServingError.policy("the model \"\(model)\" expired on \(expires.formatted(.iso8601)): ask its owner")
    }
  }

  /// Whether a query of that batch may be run now.
  ///
  /// - Throws: ``ServingError/policy(_:)``.
  package func check(_ client: CallerID, model: String, batch: Int, at now: Date) throws {
    try checkAccess(client, model: model, at: now)
    if !client.holdsToken, let limit = terms.requestsPerClient, batch > limit - used(by: client.fingerprint) {
      throw ServingError.policy(
        "\(client.name) has \(left(of: limit, used(by: client.fingerprint))) of its \(limit) requests to the model "
          + "\"\(model)\" left, and this query needs \(batch)")
    }
    if let limit = terms.requests, batch > limit - used {
      throw ServingError.policy(
        "the model \"\(model)\" answers \(left(of: limit, used)) more of its \(limit) requests, and this query needs \(batch)"
      )
    }
  }

  /// As ``check(_:model:batch:at:)``, and takes the query's share of the client's rate.
  package mutating func admit(_ client: CallerID, model: String, batch: Int, at now: Date) throws {
    try check(client, model: model, batch: batch, at: now)
    guard !client.holdsToken, let rate = terms.rate else { return }
    guard batch <= rate.count else {
      throw ServingError.policy("the model \"\(model)\" answers \(rate) a client: send fewer examples at once")
    }
    if buckets.count >= Self.mostBuckets { buckets = buckets.filter { !$0.value.isFull(at: now) } }
    var bucket = buckets[client.fingerprint] ?? TokenBucket(rate, at: now)
    guard bucket.take(batch, at: now) else {
      throw ServingError.policy("\(client.name) asks the model \"\(model)\" more often than \(rate): wait a little")
    }
    buckets[client.fingerprint] = bucket
  }

  /// What a client has saved up of its rate, where there is one.
  func savedRate(of client: String) -> PartyDatabase.SavedRate? { buckets[client]?.saved }

  package mutating func hold(_ client: CallerID, batch: Int) {
    held[client.fingerprint, default: 0] += batch
    heldTotal += batch
  }

  package mutating func release(_ client: CallerID, batch: Int) {
    held[client.fingerprint, default: 0] -= batch
    if held[client.fingerprint] == 0 { held[client.fingerprint] = nil }
    heldTotal -= batch
  }

  package mutating func releaseAll() {
    held = [:]
    heldTotal = 0
  }

  /// Turns what was held into what is counted.
  package mutating func count(_ client: CallerID, batch: Int) {
    release(client, batch: batch)
    counts[client.fingerprint, default: 0] += batch
    total = Self.sum(total, batch)
  }

  /// Takes over the larger counts of another party; which clients' they were.
  package mutating func raise(to others: [String: Int]) -> [String] {
    var raised: [String] = []
    for (client, count) in others where (counts[client] ?? 0) < count && count <= ModelTerms.mostRequests {
      total = Self.sum(total, count - (counts[client] ?? 0))
      counts[client] = count
      raised.append(client)
    }
    return raised
  }

  /// How many requests all clients together have left; `nil` where nothing limits them.
  package var left: Int? { terms.requests.map { left(of: $0, used) } }

  /// How many requests a client has left; `nil` where nothing limits them.
  package func left(for client: String) -> Int? {
    let limits = [
      terms.requestsPerClient.map { left(of: $0, used(by: client)) }, terms.requests.map { left(of: $0, used) },
    ]
    return limits.compactMap { $0 }.min()
  }

  private func used(by client: String) -> Int { (counts[client] ?? 0) + (held[client] ?? 0) }
  private var used: Int { total + heldTotal }
  private func left(of limit: Int, _ used: Int) -> Int { max(0, limit - used) }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflows) = a.addingReportingOverflow(b)
    return overflows ? .max >> 1 : sum
  }
}

/// A client, by its certificate or its token.
package struct CallerID: Hashable, Sendable {
  package let fingerprint: String
  /// The name in the certificate.
  package let name: String

  package init(fingerprint: String, name: String) {
    self.fingerprint = fingerprint
    self.name = name
  }

  /// Whoever brings this token, which its model's owner gave away for one question. All of them are counted together.
  package init(holding token: PageToken) { self.init(fingerprint: Self.tokens, name: "token \(token.id.prefix(16))") }

  /// Its owner chose whom to give it to: what holds for each certificate does not hold for tokens.
  var holdsToken: Bool { fingerprint == Self.tokens }

  private static let tokens = "tokens"
}

/// A rate's requests that a client has saved up.
struct TokenBucket: Sendable {
  private let rate: ModelTerms.Rate
  private var tokens: Double
  private var time: Date

  init(_ rate: ModelTerms.Rate, at now: Date) {
    self.rate = rate
    tokens = Double(rate.count)
    time = now
  }

  /// As it was when it was written down; a time that has not come yet is taken as now.
  init(_ rate: ModelTerms.Rate, saved: PartyDatabase.SavedRate, at now: Date) {
    self.rate = rate
    tokens = min(max(0, saved.requests), Double(rate.count))
    time = min(Date(timeIntervalSince1970: saved.time), now)
  }

  var saved: PartyDatabase.SavedRate { .init(requests: tokens, time: time.timeIntervalSince1970) }

  func isFull(at now: Date) -> Bool { filled(at: now) >= Double(rate.count) }

  /// Takes so many, or none.
  mutating func take(_ count: Int, at now: Date) -> Bool {
    tokens = filled(at: now)
    time = max(time, now)
    guard tokens >= Double(count) else { return false }
    tokens -= Double(count)
    return true
  }

  private func filled(at now: Date) -> Double {
    let gained = max(0, now.timeIntervalSince(time)) * Double(rate.count) / rate.seconds
    return min(Double(rate.count), tokens + gained)
  }
}
