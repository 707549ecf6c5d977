import Coordination
import Crypto
import Foundation
import Links
import RemoteTensors
import SecureAggregation

/// What workers, coordinators and job owners read from each other.
extension Fuzzer {
  /// Bytes on a connection; the first byte says whose, and after how many of them the rest comes.
  static func link(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    var stream = ReceivedStream(fromClient: first & 1 == 0, largestBody: 1 << 20)
    let cut = min(1 + Int(first >> 1), bytes.count)
    for part in [bytes[1..<cut], bytes[cut...]] {
      // A connection that is said nonsense on is closed.
      guard let messages = try? part.withUnsafeBytes({ try stream.take($0) }) else { return }
      precondition(messages.allSatisfy { $0.header.count <= LinkMessage.largestHeader && $0.body.byteCount <= 1 << 20 })
    }
  }

  static func policy(_ bytes: [UInt8]) {
    guard let policy = try? WorkerPolicy.parse(String(decoding: bytes, as: UTF8.self), of: "/fuzz/policy.yaml") else {
      return
    }
    precondition((try? WorkerPolicy.parse(policy.yaml, of: "/fuzz/policy.yaml")) == policy, "\(policy.yaml)")
  }

  static func header(_ bytes: [UInt8]) {
    _ = Coordination.MessageCoding.isHeader(bytes)
    _ = RemoteTensors.MessageCoding.isHeader(bytes)
  }

  /// Honest messages of an aggregation among three, of which some are changed on their way: triples of bytes say in which
  /// step, where and how.
  static func aggregation(_ bytes: [UInt8]) {
    guard let seed = bytes.first, var attempt = try? Attempt(isRegular: seed & 1 == 1) else { return }
    var edits: [Int: [(place: Int, byte: UInt8)]] = [:]
    for index in stride(from: 1, to: bytes.count - 2, by: 3) {
      edits[Int(bytes[index] & 31), default: []].append((Int(bytes[index + 1]), bytes[index + 2]))
    }
    attempt.run { message, number in
      for (place, byte) in edits[number] ?? [] {
        if byte == 0 {
          message.removeLast(min(place, message.count))
        } else if byte == 255 {
          message += [UInt8](repeating: byte, count: place)
        } else if !message.isEmpty {
          message[place * message.count / 256] ^= byte
        }
      }
    }
  }

  private struct Attempt {
    static let keys = (0..<5).map { _ in P256.Signing.PrivateKey() }
    var server: AggregationServer
    var clients: [ClientID: AggregationClient] = [:]

    init(isRegular: Bool) throws {
      let plan = try AggregationPlan(
        clientCount: 3, vectorLength: 5, valueBits: isRegular ? 20 : 8, minimumClients: 2)
      var roster: Roster = [:]
      for index in 0..<3 { roster[ClientID("c\(index)")] = Self.keys[index].publicKey }
      server = try AggregationServer(plan: plan, roster: roster, cohort: Array(roster.keys))
      for index in 0..<3 {
        let name = ClientID("c\(index)")
        clients[name] = try AggregationClient(
          client: name, signingKey: Self.keys[index], roster: roster, plan: plan,
          input: [UInt64](repeating: 3, count: 5),
          record: MemoryUnmaskingRecord())
      }
    }

    mutating func run(_ edit: (inout [UInt8], Int) -> Void) {
      var messages = server.begin()
      var number = 0
      while server.expected != nil {
        var replies: [ClientID: [UInt8]] = [:]
        for name in messages.keys.sorted() {
          guard var message = messages[name]?.bytes else { continue }
          edit(&message, number)
          number += 1
          guard var reply = try? clients[name]?.answer(message) else { continue }
          edit(&reply, number)
          number += 1
          replies[name] = reply
        }
        guard case .ask(let next) = try? server.receive(replies) else { return }
        messages = next
      }
    }
  }
}
