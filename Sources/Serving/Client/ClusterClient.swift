import Arithmetic
import Foundation
public import Graphs
public import Identity
import Instrumentation
import Sharing
public import Tensors
public import Tracing
public import Transports

/// A client of a cluster's parties: shares models and inputs, and puts answers together.
///
/// What it sends to one party is independent of its secrets. Of three replicated parties no two may collude; of parties
/// with a dealer all but one may, but none with the dealer. Not thread-safe by itself:
/// requests are made one after the other.
public final class ClusterClient: Sendable {
  let connections: [FrameConnection]
  let loop: SocketLoop
  private let patience: Duration
  /// How long to wait for news of work that goes on: longer than the parties wait for each other, so that they come first to
  /// say which of them is missing.
  let newsPatience: Duration
  let scheme: ClusterScheme
  let waiting: @Sendable (DealerProgress) -> Void
  private let tracer: any Tracer

  /// Connects to all parties of a cluster.
  ///
  /// - Parameters:
  ///   - patience: how long to wait for a party to come up, and for each answer.
  ///   - tracer: the process's, if it is not given; the parties go on with its traces.
  ///   - waiting: told while an answer waits for the parties' dealer.
  public static func connect(
    to cluster: ClusterFile, as identity: NodeIdentity, loop: SocketLoop, patience: Duration,
    tracer: (any Tracer)? = nil,
    waiting: @escaping @Sendable (DealerProgress) -> Void = { _ in }
  ) async throws -> ClusterClient {
    let scheme = try ClusterScheme(cluster)
    let settings = try identity.tlsSettings(identity.policy(accepting: [.party], pins: cluster.pins))
    let connections = try await loop.run {
      try await withThrowingTaskGroup(of: (Int, FrameConnection).self) { group in
        for (index, party) in cluster.parties.enumerated() {
          group.addTask {
            let connection = try await loop.connect(
              host: party.host, port: party.port, party: index, protection: .tls(settings), within: patience)
            guard await connection.peer?.fingerprint == party.certificate else {
              throw ServingError.badRequest("party \(index) does not show the certificate of the cluster file")
            }
            try await greet(connection, party: index, patience)
            return (index, connection)
          }
        }
        var found: [(Int, FrameConnection)] = []
        for try await item in group { found.append(item) }
        return found.sorted { $0.0 < $1.0 }.map(\.1)
      }
    }
    let newsPatience = max(patience, cluster.deadline ?? PartyServer.defaultDeadline) + .seconds(2)
    return ClusterClient(
      connections, loop, (patience, newsPatience), scheme, tracer ?? InstrumentationSystem.tracer, waiting)
  }

  private init(
    _ connections: [FrameConnection], _ loop: SocketLoop, _ patience: (answer: Duration, news: Duration),
    _ scheme: ClusterScheme, _ tracer: any Tracer, _ waiting: @escaping @Sendable (DealerProgress) -> Void
  ) {
    self.scheme = scheme
    self.tracer = tracer
    self.waiting = waiting
    self.connections = connections
    self.loop = loop
    self.patience = patience.answer
    newsPatience = patience.news
  }

  static func greet(_ connection: FrameConnection, party: Int, _ patience: Duration) async throws {
    try await connection.send(try ServingFrame(Request.hello(version: Request.version)).message)
    switch try ServingFrame<Reply>(try await connection.receive(within: patience)).control {
    case .welcome(let index, let version):
      guard version == Request.version else { throw ServingError.wrongVersion(found: version) }
      guard index == party else { throw ServingError.unexpectedReply(party: party) }
    case .refused(let reason, let exitCode):
      throw ServingError.refused(party: party, reason: reason, exitCode: exitCode)
    case .shared, .withdrawn, .models, .health, .links, .page, .declined, .answer, .waiting, .prepared, .stored,
      .counts, .training, .epoch, .trained, .aggregationKey, .contribution, .aggregated:
      throw ServingError.unexpectedReply(party: party)
    }
  }

  /// Has the dealer of additive parties make what so many queries of a batch need, before they are asked; returns what it
  /// took for one. Nothing to do for replicated parties.
  public func prepare(_ model: String, batch: Int, runs: Int) async throws -> Double {
    guard scheme.engine.hasDealer else { return 0 }
    let last = connections.count - 1
    let request = ServingFrame(Request.prepare(model: model, batch: batch, runs: runs))
    let reply = try await ask([request], from: last)[0]
    guard case .prepared(let seconds) = reply.control else { throw ServingError.unexpectedReply(party: last) }
    return seconds
  }

  /// The model's output on a batch that no party sees.
  ///
  /// - Parameters:
  ///   - input: `[batch, …]`.
  ///   - outputShape: of the whole batch, as the model's program says.
  ///   - declared: the model's range of inputs; what is outside is refused here, as the parties cannot see it.
  public func query(
    _ model: String, _ input: Tensor<Float>, outputShape: Shape, fractionBits: Int, declared: InputRange? = nil
  ) async throws -> Prediction {
    try declared?.check(input)
    let clock = ContinuousClock()
    let start = clock.now
    let words = try SecretInput.encode(input, named: "the input", fractionBits: fractionBits)
    let (parcels, masks) = scheme.question([words], answers: [outputShape])
    let id = QueryID.fresh()
    let span = tracer.startSpan("tacit.query", ofKind: .client)
    defer { span.end() }
    span.updateAttributes { $0["tacit.query"] = id }
    // The parties give up a little earlier, so that they come to say why.
    let request = Request.query(
      id: id, model: model, batch: input.shape[0], waits: 0.9 * (patience / .seconds(1)),
      trace: TraceCarrier.carrier(of: span.context, by: tracer))
    let replies = try await ask(parcels.map { ServingFrame(request, body: $0.bytes) })
    var answers: [RingTensor] = []
    var traffic = Cost(rounds: 0, byteCount: parcels.reduce(0) { $0 + $1.payloadByteCount })
    traffic.byteCount += 8 * parcels.count * outputShape.count
    var partySeconds = 0.0
    for (party, reply) in replies.enumerated() {
      guard case .answer(let rounds, let bytesSent, let dealtBytes, let seconds) = reply.control,
        let summand = WordBytes.words(in: reply.body), summand.count == outputShape.count
      else { throw ServingError.unexpectedReply(party: party) }
      answers.append(RingTensor(shape: outputShape, scalars: summand))
      // Sharing the input and revealing the answer are a message latency each.
      traffic.rounds = max(traffic.rounds, rounds + 2)
      traffic.byteCount += bytesSent
      traffic.dealtByteCount += dealtBytes
      partySeconds = max(partySeconds, seconds)
    }
    let total = try scheme.combine(answers, mask: masks.first)
    let output = FixedTensor(ring: total, fractionBits: fractionBits).decoded()
    return Prediction(
      output: output, seconds: (clock.now - start) / .seconds(1), partySeconds: partySeconds, traffic: traffic)
  }

  /// Sends one request to each party, or each from one on, and collects the replies; a refusal of any is an error.
  ///
  /// A refusal is thrown only when all have answered, so that the connections stay in step; a broken connection at once.
  func ask(_ requests: [ServingFrame<Request>], from first: Int = 0) async throws -> [ServingFrame<Reply>] {
    let messages = try requests.map { try $0.message }
    let asked = connections.indices[first...]
    return try await loop.run {
      for (party, message) in zip(asked, messages) { try await connections[party].send(message) }
      return try await withThrowingTaskGroup(of: (Int, ServingFrame<Reply>).self) { group in
        for party in asked { group.addTask { (party, try await self.reply(of: party)) } }
        var replies: [(party: Int, frame: ServingFrame<Reply>)] = []
        for try await reply in group { replies.append(reply) }
        replies.sort { $0.party < $1.party }
        if let refusal = Self.refusal(among: replies) { throw refusal }
        return replies.map(\.frame)
      }
    }
  }

  /// The first party's that refuses, or that has found a cheater; one that only heard of it knows less.
  private static func refusal(among replies: [(party: Int, frame: ServingFrame<Reply>)]) -> ServingError? {
    var (refused, declined): (ServingError?, ServingError?)
    for reply in replies {
      if case .refused(let reason, let exitCode) = reply.frame.control {
        let refusal = ServingError.refused(party: reply.party, reason: reason, exitCode: exitCode)
        if exitCode == ServingError.integrityExitCode { return refusal }
        refused = refused ?? refusal
      }
      if case .declined(let party) = reply.frame.control { declined = .declined(by: party) }
    }
    return refused ?? declined
  }

  /// What a party answers in the end; passes on that it waits, where it is the last party, who knows.
  private func reply(of party: Int) async throws -> ServingFrame<Reply> {
    while true {
      let frame = try ServingFrame<Reply>(try await connections[party].receive(within: patience))
      guard case .waiting(let progress) = frame.control else { return frame }
      if party == connections.count - 1 { waiting(progress) }
    }
  }

  /// Ends the connections; the parties keep the models.
  public func close() async {
    for connection in connections { await connection.close() }
  }
}

/// Numbers on their way into the ring.
public enum SecretInput {
  /// The weights of those names, in their order.
  ///
  /// - Throws: as ``encode(_:named:fractionBits:)``; a weight that is missing is empty, and does not fit its shape later.
  static func encode(
    weights names: [String], of weights: [String: Tensor<Float>], fractionBits: Int
  ) throws -> [RingTensor] {
    try names.map { name in
      try encode(
        weights[name] ?? Tensor(shape: [0], scalars: []), named: "the weight \(name)", fractionBits: fractionBits)
    }
  }

  /// - Throws: an error naming the tensor, the value and the limit when something does not encode.
  public static func encode(
    _ tensor: Tensor<Float>, named name: String, fractionBits: Int
  ) throws -> RingTensor {
    do {
      return try tensor.encoded(fractionBits: fractionBits).ring
    } catch {
      throw ServingError.badRequest("\(name) does not encode with \(fractionBits) fraction bits: \(error)")
    }
  }
}
