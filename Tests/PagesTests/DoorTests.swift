import Datasets
import Foundation
import Identity
import NIOWebSocket
import Serving
import Tensors
import Testing

/// The parties' doors for pages, without a browser: who gets in, and what is refused in which sentence.
@Suite(.serialized) struct DoorTests {
  static let origin = "https://bank.example"

  /// A cluster with the credit model, shared for pages.
  private struct Shared {
    let cluster: PageCluster
    let owner: NodeIdentity
    let model: CreditModel
    let card: ModelCard
    let pages: [PartyPage]

    init(_ cluster: PageCluster, terms: ModelTerms = ModelTerms(origins: [DoorTests.origin])) async throws {
      (self.cluster, owner, model) = (cluster, try cluster.identity("owner"), try CreditModel(rows: 8))
      let (file, preprocessing) = (model.file, model.preprocessing)
      (card, pages) = try await cluster.with(owner) { client in
        try await client.share(file, named: "credit", fractionBits: 16, terms: terms, publishing: preprocessing)
        try await client.share(file, named: "closed", fractionBits: 16)
        return (try await client.ownCard(of: "credit"), try await client.pages())
      }
    }

    func token(for card: ModelCard? = nil, by signer: NodeIdentity? = nil, until date: Date = Date() + 60) throws
      -> String
    {
      try PageToken.issue(1, for: card ?? self.card, until: date, by: signer ?? owner)[0]
    }

    func port(_ party: Int) -> Int { Int(pages[party].url.split(separator: ":").last ?? "") ?? 0 }

    func call(_ party: Int, origin: String? = DoorTests.origin) async throws -> PageCaller {
      try await PageCaller(port: port(party), origin: origin, trust: cluster.trust)
    }

    /// What a party says to a first message.
    func answer(to first: [UInt8], party: Int = 1, origin: String = DoorTests.origin) async throws -> String {
      let caller = try await call(party, origin: origin)
      try await caller.send(first)
      let answer = PageFrame.parts(await caller.next()).control
      await caller.close()
      return answer
    }

    /// The whole question, as a page asks it; the output, or the parties' last words.
    func ask(_ token: String, row: Int = 0) async throws -> (output: [Float]?, said: [String]) {
      let input = try model.preprocessing.transform(model.rows).sliced(axis: 0, row..<row + 1)
      let words = try SecretInput.encode(input, named: "x", fractionBits: 16)
      let keys = pages.map { [UInt8](Data(base64Encoded: $0.key) ?? Data()) }
      let question = try PageQuestion(words, id: UUID().uuidString, model: card.key, partyKeys: keys)
      var callers: [PageCaller] = []
      for party in 0..<3 {
        let caller = try await call(party)
        try await caller.send(PageFrame.hello(token))
        let ready = PageFrame.parts(await caller.next()).control
        guard ready.contains("ready") else { return (nil, [ready]) }
        callers.append(caller)
      }
      for (party, caller) in callers.enumerated() {
        // A box may come in pieces.
        let (head, rest) = (question.boxes[party].prefix(40), question.boxes[party].dropFirst(40))
        try await caller.send(PageFrame.bytes(question.control(party), body: Array(head)))
        if !rest.isEmpty { try await caller.send(Array(rest)) }
      }
      var (total, said): (UInt64, [String]) = (0, [])
      for (party, caller) in callers.enumerated() {
        let (control, box) = PageFrame.parts(await caller.next())
        said.append(control)
        if control.hasPrefix(#"{"answer""#) { total &+= try question.open(box, from: party)[0] }
        await caller.close()
      }
      let isAnswered = said.allSatisfy { $0.hasPrefix(#"{"answer""#) }
      return (isAnswered ? [Float(Int64(bitPattern: total)) / 65_536] : nil, said)
    }
  }

  /// Oracle: the plain prediction. A token answers one question, over restarts too.
  @Test func aTokenAnswersOneQuestion() async throws {
    try await PageCluster.run { cluster in
      let shared = try await Shared(cluster)
      let plain = try SecretPredictor.plain(
        shared.model.file, try shared.model.preprocessing.transform(shared.model.rows)
      ).scalars
      let token = try shared.token()
      let first = try await shared.ask(token, row: 3)
      #expect(abs(try #require(first.output, "\(first.said)")[0] - plain[3]) < 1e-3)
      #expect(try await shared.ask(token).said[0].contains("used before"))
      let counts = try await cluster.with(shared.owner) { try await $0.models().first { $0.name == "credit" }?.details }
      #expect(counts?.requests == 1 && counts?.requestsByClient["tokens"] == 1)
      // Two questions with one token at the same time: at most one is answered.
      let contested = try shared.token()
      async let one = shared.ask(contested)
      async let other = shared.ask(contested)
      let outputs = try await [one.output, other.output]
      #expect(outputs.filter { $0 != nil }.count <= 1)
      // A party that was started again still knows; its key is the same.
      let key = try cluster.pageKey(1).publicBytes
      await cluster.kill(1)
      #expect(try cluster.pageKey(1).publicBytes == key)
      try await cluster.start(1)
      let pages = try await cluster.with(shared.owner) { try await $0.pages() }
      #expect(Data(base64Encoded: pages[1].key).map { [UInt8]($0) } == key)
      let port = try #require(Int(pages[1].url.split(separator: ":").last ?? ""))
      let caller = try await PageCaller(port: port, origin: Self.origin, trust: cluster.trust)
      try await caller.send(PageFrame.hello(token))
      #expect(PageFrame.parts(await caller.next()).control.contains("used before"))
      await caller.close()
    }
  }

  /// Each refusal is one sentence with the exit code 4 of policies, or 2 of bad input, and uses no token up.
  @Test func whatIsRefused() async throws {
    try await PageCluster.run { cluster in
      let shared = try await Shared(cluster)
      let (stranger, good) = (try cluster.identity("stranger"), try shared.token())
      let closed = try await cluster.with(shared.owner) { try await $0.card(of: "closed") }
      func expect(_ first: [UInt8], _ words: String, origin: String = Self.origin) async throws {
        let answer = try await shared.answer(to: first, origin: origin)
        #expect(answer.contains("refused") && answer.contains(words), "\(answer)")
      }
      try await expect(PageFrame.hello(try shared.token(until: Date() - 1)), "expired")
      try await expect(PageFrame.hello(try shared.token(by: stranger)), "not signed by the owner")
      try await expect(PageFrame.hello(good, model: "closed"), #"is for the model \"credit\""#)
      try await expect(PageFrame.hello(try shared.token(for: closed), model: "closed"), "--web-origin")
      var forged = good
      forged.replaceSubrange(good.startIndex...good.startIndex, with: good.first == "e" ? "f" : "e")
      try await expect(PageFrame.hello(String(forged.dropFirst(2))), "token")
      try await expect(PageFrame.hello("no token"), "copy it whole")
      try await expect(Array("garbage, all of it".utf8), "could not be read")
      try await expect(PageFrame.bytes(#"{"query":{"id":"x","key":"","byteCount":1}}"#), "could not be read")
      try await expect(PageFrame.bytes(#"{"hello":{"version":9,"model":"credit","token":""}}"#), "version 9")
      // Origins: another page's, none at all, two.
      await #expect(throws: PageCaller.Refused.self) { _ = try await shared.call(1, origin: "https://evil.example") }
      await #expect(throws: PageCaller.Refused.self) { _ = try await shared.call(1, origin: nil) }
      // Frames that are none: without a mask, of text, too long.
      for (bytes, isMasked) in [(PageFrame.hello(good), false), ([UInt8](repeating: 0, count: 70_000), true)] {
        let caller = try await shared.call(1)
        try await caller.send(bytes, isMasked: isMasked)
        while let message = await caller.next() { #expect(!PageFrame.parts(message).control.contains("ready")) }
      }
      let caller = try await shared.call(1)
      try await caller.send(Array("{}".utf8), opcode: .text)
      #expect(await caller.next() == nil)
      #expect(try await shared.ask(good).output != nil)
    }
  }

  /// Quotas of the model hold for tokens too; what each client may do by its certificate does not concern them.
  @Test func tokensCountWithTheModel() async throws {
    try await PageCluster.run { cluster in
      let listed = try cluster.identity("listed")
      let shared = try await Shared(
        cluster,
        terms: ModelTerms(
          clients: [listed.fingerprint.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()], requests: 2,
          requestsPerClient: 1, rate: try ModelTerms.Rate(parsing: "1/d"), origins: [Self.origin]))
      for _ in 0..<2 { #expect(try await shared.ask(try shared.token()).output != nil) }
      let third = try await shared.ask(try shared.token())
      #expect(
        third.output == nil && third.said.contains { $0.contains("answers 0 more of its 2 requests") }, "\(third.said)")
      // Shared again, it is another model, and tokens of before are for none.
      let old = try shared.token()
      let (file, preprocessing) = (shared.model.file, shared.model.preprocessing)
      try await cluster.with(shared.owner) { client in
        try await client.share(
          file, named: "credit", fractionBits: 16, terms: ModelTerms(origins: [Self.origin]), publishing: preprocessing)
      }
      #expect(try await shared.ask(old).said[0].contains("shared again"))
    }
  }

  /// Callers who hold the door without saying anything do not keep pages out.
  @Test func silentCallersKeepNobodyOut() async throws {
    try await PageCluster.run { cluster in
      let shared = try await Shared(cluster)
      var silent: [PageCaller] = []
      // Who is slow to come in may be sent away for those who come after.
      for _ in 0..<300 { if let caller = try? await shared.call(1) { silent.append(caller) } }
      #expect(silent.count > 200)
      #expect(try await shared.ask(try shared.token()).output != nil)
      for caller in silent { await caller.close() }
    }
  }
}
