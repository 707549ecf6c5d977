import Crypto
import Sharing
import Tensors
import Transports

/// A sum that waits at a party, with the shares of the vectors that it could open.
struct PendingAggregation: Sendable {
  let id: String
  let sum: SharedSum
  /// How many vectors must be left; at least the sum's own minimum.
  let needed: Int
  /// By index of the worker.
  let parcels: [Int: [UInt8]]
  let desk: AggregationDesk
}

/// What one party's part of a sum yields for the coordinator.
struct AggregationAnswer: Sendable {
  /// This party's summand, masked; none where too few were left.
  var summand: RingTensor?
  var accepted: [Int]
  var tooLong: [Int]
  var byteCount: Int
}

/// One party's part of a sum: agrees with the others on whose shares they all have, leaves out vectors beyond the norm
/// bound, and makes its summand of what is left.
///
/// - Cost: two rounds, 64 (n + 1) + 2 n bytes a party for n workers, and what ``NormCheck`` takes. The sum itself is silent.
struct AggregationRun {
  let work: PendingAggregation
  let channel: any Channel
  let scheme: ReplicatedScheme

  func run() async throws -> AggregationAnswer {
    let before = scheme.traffic
    let usable = try await agree()
    let needed = max(work.needed, work.sum.minimumClients)
    var answer = AggregationAnswer(accepted: usable, tooLong: [], byteCount: 0)
    if usable.count >= needed, let bound = work.sum.bound {
      let verdicts = try await bound.accepted(try usable.map(share), on: scheme)
      answer.accepted = zip(usable, verdicts).filter(\.1).map(\.0)
      answer.tooLong = zip(usable, verdicts).filter { !$0.1 }.map(\.0)
    }
    if answer.accepted.count >= needed {
      var total = try share(of: answer.accepted[0])
      for worker in answer.accepted.dropFirst() { total = scheme.add(total, try share(of: worker)) }
      answer.summand = scheme.summandForOutside(total)
    }
    answer.byteCount = (scheme.traffic - before).byteCount + 2 * (32 + 33 * work.sum.workers.count)
    return answer
  }

  private func share(of worker: Int) throws -> ReplicatedShare {
    guard let parcel = work.parcels[worker] else { throw ServingError.malformedMessage }
    return try InputSharing.unpack(try .init(bytes: parcel[...]), party: channel.party, shapes: [[work.sum.count]])[0]
  }

  /// The workers whose shares all parties have, and whose shares fit together.
  ///
  /// Neighbours compare digests of the component that both of them hold, so that a worker cannot give them different ones.
  ///
  /// - Throws: ``ServingError/badRequest(_:)``, at all parties alike, where they were asked for different sums or where one
  ///   of them has answered for this one before.
  private func agree() async throws -> [Int] {
    let digest = Self.hash(try work.sum.digest + Array("\(work.id)|\(work.needed)".utf8))
    let isFresh = await work.desk.note(try work.sum.digest)
    let (next, previous) = ((channel.party + 1) % 3, (channel.party + 2) % 3)
    let workers = work.sum.workers.indices
    let own = workers.map { worker in work.parcels[worker].flatMap(components) }
    let head = isFresh ? digest : [UInt8](repeating: 0, count: Self.digestByteCount)
    let none = [UInt8](repeating: 0, count: Self.digestByteCount)
    let received = try await channel.exchange(
      [
        Outgoing(head + own.flatMap { $0?.second ?? none }, to: next),
        Outgoing(head + own.flatMap { $0?.first ?? none }, to: previous),
      ], from: [next, previous])
    let length = Self.digestByteCount * (workers.count + 1)
    guard received.allSatisfy({ $0.count == length }) else { throw ServingError.malformedMessage }
    guard isFresh, received.allSatisfy({ $0.starts(with: digest) }) else {
      throw ServingError.badRequest("the parties were asked for different sums, or for one that was answered before")
    }
    let fits = workers.map { worker -> UInt8 in
      let place = Self.digestByteCount * (worker + 1)
      let theirs = received.map { Array($0[place..<place + Self.digestByteCount]) }
      return own[worker].map { $0.second == theirs[0] && $0.first == theirs[1] ? 1 : 0 } ?? 0
    }
    let others = try await channel.exchange(
      [Outgoing(fits, to: next), Outgoing(fits, to: previous)], from: [next, previous])
    guard others.allSatisfy({ $0.count == workers.count }) else { throw ServingError.malformedMessage }
    return workers.filter { fits[$0] & others[0][$0] & others[1][$0] == 1 }
  }

  private static let digestByteCount = 32

  private static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var hash = SHA256()
    let bytes = Array(bytes)
    bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    return Array(hash.finalize())
  }

  /// Digests of the components that a parcel stands for; `nil` where it is none of this party.
  private func components(of parcel: [UInt8]) -> (first: [UInt8], second: [UInt8])? {
    guard
      let layout = ClusterScheme.replicated.layout(of: parcel, party: channel.party, count: work.sum.count),
      layout.count == 2
    else { return nil }
    let digests = layout.map { part in
      switch part {
      case .key(let range), .words(let range): Self.hash(parcel[range])
      }
    }
    return (digests[0], digests[1])
  }
}
