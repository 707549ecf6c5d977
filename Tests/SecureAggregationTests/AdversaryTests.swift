import Arithmetic
import Crypto
import SecureAggregation
import Testing

/// Servers and messages that deviate, as honest clients meet them.
@Suite struct AdversaryTests {
  static let header = 18

  private func simulation(clients: Int = 6) throws -> Simulation {
    let plan = try AggregationPlan(clientCount: clients, vectorLength: 20, valueBits: 16)
    return try Simulation(plan, inputs: Inputs(plan, seed: 3).all)
  }

  private func survivors(_ members: [Int], in message: OutgoingMessage, of count: Int) -> [UInt8] {
    message.bytes.prefix(Self.header) + MemberSet(members, of: count).bytes
  }

  /// Two lists of survivors to two halves of the clients: nobody finds enough signatures on its own list.
  @Test func equivocatingServerGetsNoShares() throws {
    var simulation = try simulation(clients: 7)
    let names = simulation.names
    let lists = try simulation.messages(asking: .agreement)
    var signatures: [[UInt8]] = []
    for (index, name) in names.enumerated() {
      // Half of them are told that client 0 dropped out, the others that client 6 did.
      let members = index < 4 ? Array(0..<6) : Array(1..<7)
      let list = try #require(lists[name])
      let told = index == 0 || index == 6 ? list.bytes : survivors(members, in: list, of: 7)
      let reply = simulation.answer(name, told)
      signatures.append(Array(try #require(reply).dropFirst(Self.header)))
    }
    let head = [1, MessageKind.agreements.rawValue] + simulation.server.attempt.bytes
    for (index, name) in names.enumerated() {
      // Five signatures are needed; the server can only take some that were made for the other list.
      let signers = [1, 2, 3, 4, 5]
      let message = head + MemberSet(signers, of: 7).bytes + signers.flatMap { signatures[$0] }
      #expect(simulation.answer(name, message) == nil, "client \(index)")
      guard case .badSignature(_, on: .agreement) = simulation.errors[name] else {
        Issue.record("client \(index) refused for another reason: \(String(describing: simulation.errors[name]))")
        continue
      }
    }
  }

  /// With two corrupted clients of seven that sign every list: of the victim only one kind of shares comes together.
  @Test func corruptedSignersDoNotHelpToOpenBoth() throws {
    var simulation = try simulation(clients: 7)
    let names = simulation.names
    let lists = try simulation.messages(asking: .agreement)
    // The victim is client 0; 5 and 6 are corrupted and answer everything, with as many copies as it takes.
    let groups = [(told: [1, 2, 3, 5, 6], by: [1, 2, 3]), (told: [0, 1, 4, 5, 6], by: [0, 4])]
    let head = [1, MessageKind.agreements.rawValue] + simulation.server.attempt.bytes
    var opened: [Int] = []
    for (told, honest) in groups {
      var fork = simulation
      var signatures: [Int: [UInt8]] = [:]
      for index in honest + [5, 6] {
        let list = survivors(told, in: try #require(lists[names[index]]), of: 7)
        signatures[index] = (fork.answer(names[index], list)).map { Array($0.dropFirst(Self.header)) }
      }
      let signers = signatures.keys.sorted()
      let message = head + MemberSet(signers, of: 7).bytes + signers.flatMap { signatures[$0] ?? [] }
      opened.append(honest.filter { fork.answer(names[$0], message) != nil }.count)
    }
    // Shares of the victim's mask key from three honest and two corrupted: five open it. Of its seed: no honest one.
    #expect(opened == [3, 0])
  }

  /// A client that would answer unmasking a second time, in any way, does not.
  @Test func nobodyAnswersTwice() throws {
    var simulation = try simulation()
    let messages = try simulation.messages(asking: .unmasking)
    let name = simulation.names[0]
    let message = try #require(messages[name]).bytes
    var copy = try #require(simulation.clients[name])
    #expect(simulation.answer(name, message) != nil)
    // The copy stands for the same client, started again from a snapshot: its record is what stops it.
    #expect(throws: SecureAggregationError.alreadyAnswered(simulation.server.attempt)) { try copy.answer(message) }
    #expect(simulation.answer(name, message) == nil)
    #expect(simulation.errors[name] == .unexpected(.agreements, expected: nil))
  }

  @Test func swappedBoxesDoNotOpen() throws {
    var simulation = try simulation()
    let deliveries = try simulation.messages(asking: .maskedInput)
    let names = simulation.names
    var message = try #require(deliveries[names[0]]).bytes
    let boxes = Self.header + 1
    message.swapAt(boxes + 3, boxes + 83)
    #expect(simulation.answer(names[0], message) == nil)
    #expect(simulation.errors[names[0]] == .unreadableShares(from: names[1]))
    // A delivery for another client: its boxes have another key.
    let other = try #require(deliveries[names[2]])
    #expect(simulation.answer(names[1], other.bytes) == nil)
    #expect(simulation.errors[names[1]] == .misrepresented(names[1], in: .delivery))
  }

  @Test func keysThatTheServerMadeAreRefused() throws {
    var simulation = try simulation()
    let names = simulation.names
    let lists = try simulation.messages(asking: .shares)
    let list = try #require(lists[names[0]]).bytes
    var forged = list
    forged[Self.header + 1 + 160] ^= 1
    #expect(simulation.answer(names[0], forged) == nil)
    #expect(simulation.errors[names[0]] == .badSignature(of: names[1], on: .advertisement))
    #expect(simulation.answer(names[1], forged) == nil)
    #expect(simulation.errors[names[1]] == .misrepresented(names[1], in: .keyList))
    #expect(simulation.answer(names[2], Array(list.dropLast())) == nil)
    #expect(simulation.errors[names[2]] == .malformed(.keyList, reason: "it is too short"))
    #expect(simulation.answer(names[3], list + [0]) == nil)
    #expect(simulation.errors[names[3]] == .malformed(.keyList, reason: "it is too long"))
  }

  @Test func survivorsThatCannotBeAreRefused() throws {
    var simulation = try simulation(clients: 10)
    let names = simulation.names
    var messages = simulation.server.begin()
    while simulation.server.expected != .agreement {
      let gone: Set<ClientID> = simulation.server.expected == .shares ? [names[9]] : []
      guard case .ask(let next) = try simulation.server.receive(simulation.answers(to: messages, without: gone)) else {
        break
      }
      messages = next
    }
    let list = try #require(messages[names[0]])
    let lies: [([Int], SecureAggregationError)] = [
      (Array(0..<10), .impossibleSurvivors),
      (Array(2..<9), .misrepresented(names[1], in: .survivors)),
      (Array(0..<6), .tooFewClients(left: 6, threshold: 7)),
    ]
    for (index, lie) in lies.enumerated() {
      #expect(simulation.answer(names[index], survivors(lie.0, in: list, of: 10)) == nil)
      #expect(simulation.errors[names[index]] == lie.1)
    }
  }

  @Test func otherPlansAreRefused() throws {
    var simulation = try simulation()
    let names = simulation.names
    let smaller = try AggregationPlan(clientCount: 6, vectorLength: 20, valueBits: 15)
    var server = try AggregationServer(plan: smaller, roster: simulation.roster, cohort: names)
    let announcements = server.begin()
    let message = try #require(announcements[names[0]])
    #expect(simulation.answer(names[0], message.bytes) == nil)
    #expect(simulation.errors[names[0]] == .planMismatch)
    #expect(throws: SecureAggregationError.abandoned) { try simulation.clients[names[0]]?.answer(message.bytes) }
  }

  /// A server that puts a key of its own into the roster it uses: clients go by theirs.
  @Test func strangersInTheCohortAreRefused() throws {
    let simulation = try simulation()
    var roster = simulation.roster
    let name = simulation.names[0]
    roster["mallory"] = P256.Signing.PrivateKey().publicKey
    roster[simulation.names[5]] = nil
    var server = try AggregationServer(plan: simulation.plan, roster: roster, cohort: Array(roster.keys))
    let announcements = server.begin()
    let message = try #require(announcements[name])
    var client = try #require(simulation.clients[name])
    #expect(throws: SecureAggregationError.stranger("mallory")) { try client.answer(message.bytes) }
  }

  /// Random bytes in place of every message, and every message cut short: an error, never a trap.
  @Test func damagedMessagesAreErrors() throws {
    var generator = SeededGenerator(state: 11)
    for stage in ProtocolTests.replies {
      var simulation = try simulation()
      let messages = try simulation.messages(asking: stage)
      for name in simulation.names {
        let message = try #require(messages[name]).bytes
        var client = try #require(simulation.clients[name])
        var damaged = Array(message.prefix(Int.random(in: 0..<message.count, using: &generator)))
        #expect(throws: SecureAggregationError.self) { try client.answer(damaged) }
        // A random list of survivors may be a possible one.
        guard stage != .agreement else { continue }
        client = try #require(simulation.clients[name])
        damaged =
          message.prefix(Self.header)
          + (0..<message.count - Self.header).map { _ in UInt8.random(in: 0...255, using: &generator) }
        #expect(throws: SecureAggregationError.self) { try client.answer(damaged) }
      }
      for name in simulation.names {
        simulation.server.accept((0..<40).map { _ in UInt8.random(in: 0...255, using: &generator) }, from: name)
      }
      #expect(simulation.server.refusals.count == 6)
    }
  }
}
