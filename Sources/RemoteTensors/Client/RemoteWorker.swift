public import Graphs
public import Links
internal import NIOConcurrencyHelpers
public import Tensors
public import Transports

/// A worker as its clients see it, over any link: in this process or over a WebSocket.
///
/// Every method is one question and one answer; questions of several tasks are put one after the other.
/// All of them throw ``RemoteError``.
public actor RemoteWorker {
  /// The name in the worker's certificate.
  public nonisolated let name: String
  private let link: any Link
  private let patience: Duration
  private var number = 0
  private var isAsking = false
  private var waiting: [CheckedContinuation<Void, Never>] = []
  /// Ids of pointers that are gone; the next question takes them along.
  private nonisolated let gone = NIOLockedValueBox<[String]>([])

  /// A worker at the other end of `link`, which nobody else reads; `patience` is how long an answer may take.
  public init(over link: any Link, patience: Duration = .seconds(60)) {
    self.link = link
    self.patience = patience
    name = link.peer.name
  }

  /// Dials a worker's WebSocket and waits until it answers; `tls` says whom this client trusts.
  public static func connect(
    to address: String, tls: TLSSettings, limits: LinkLimits = StoreLimits().links, patience: Duration = .seconds(60)
  ) async throws(RemoteError) -> RemoteWorker {
    let link: WebSocketLink
    do throws(LinkError) {
      link = try await WebSocketDialer.connect(to: address, tls: tls, limits: limits)
    } catch {
      throw .connection(error)
    }
    let worker = RemoteWorker(over: link, patience: patience)
    _ = try await worker.ask(.nothing)
    return worker
  }

  /// The worker's own tensors: what their owner calls them, and their shapes. No values.
  public func catalogue() async throws(RemoteError) -> [TensorSummary] {
    guard case .catalogue(let summaries) = try await ask(.catalogue).answer else { throw .malformedReply(from: name) }
    return summaries
  }

  /// A pointer to one of the worker's own tensors.
  public func tensor(named tensor: String) async throws(RemoteError) -> RemoteTensor {
    try await pointer(.find(name: tensor))
  }

  /// Sends a tensor, and keeps a pointer to it.
  public func send(_ tensor: Tensor<Float>) async throws(RemoteError) -> RemoteTensor {
    guard tensor.count > 0 else { throw .misuse("a tensor without scalars cannot be sent to a worker") }
    return try await pointer(.put(tensor.shape), .floats(tensor.scalars))
  }

  /// Runs a whole program at the worker, in one message; its results stay there.
  ///
  /// The program is at most 1 MB as JSON, and within the worker's ``StoreLimits``.
  public func run(_ graph: Graph, inputs: [String: RemoteTensor]) async throws(RemoteError) -> [RemoteTensor] {
    for (input, tensor) in inputs where tensor.worker !== self {
      throw .misuse("the tensor for input “\(input)” is at \(tensor.worker.name), not at \(name); move it first")
    }
    // The pointers must live until the worker has read their ids.
    defer { withExtendedLifetime(inputs) {} }
    return try await pointers(.run(graph, inputs: inputs.mapValues(\.id)), count: graph.outputs.count)
  }

  /// Says goodbye; the worker forgets everything of this client.
  public func close() async { await link.close() }

  // MARK: For pointers

  /// Notes that a pointer is gone.
  nonisolated func forget(_ id: String) { gone.withLockedValue { $0.append(id) } }

  /// Tells the worker at once of the pointers that are gone.
  func forgetNow() async throws(RemoteError) {
    while gone.withLockedValue({ !$0.isEmpty }) { _ = try await ask(.nothing) }
  }

  func pointer(_ ask: Request.Ask, _ body: LinkBody = .none) async throws(RemoteError) -> RemoteTensor {
    try await pointers(ask, body, count: 1)[0]
  }

  func pointers(
    _ ask: Request.Ask, _ body: LinkBody = .none, count: Int
  ) async throws(RemoteError) -> [RemoteTensor] {
    try await places(ask, body, count: count).map { RemoteTensor($0, at: self) }
  }

  /// Where something is now, at this worker or at those that it handed it to.
  func places(
    _ question: Request.Ask, _ body: LinkBody = .none, count: Int
  ) async throws(RemoteError) -> [Reply.Pointer] {
    guard case .tensors(let pointers) = try await ask(question, body).answer, pointers.count == count else {
      throw .malformedReply(from: name)
    }
    return pointers
  }

  func deposit(_ deposit: Deposit, _ body: LinkBody) async throws(RemoteError) -> Reply.Pointer {
    try await places(.deposit(deposit), body, count: 1)[0]
  }

  /// A tensor in the clear.
  func value(_ id: String) async throws(RemoteError) -> Tensor<Float> {
    let (answer, body) = try await ask(.get(id: id))
    guard case .value(let shape, nil) = answer, case .floats(let floats) = body, floats.count == shape.count else {
      throw .malformedReply(from: name)
    }
    return Tensor(shape: shape, scalars: floats)
  }

  /// This worker's summand of a shared tensor.
  func summand(_ id: String) async throws(RemoteError) -> FixedTensor {
    let (answer, body) = try await ask(.get(id: id))
    guard case .value(let shape, let bits?) = answer, case .words64(let words) = body, words.count == shape.count,
      (0...32).contains(bits)
    else { throw .malformedReply(from: name) }
    return FixedTensor(ring: RingTensor(shape: shape, scalars: words), fractionBits: bits)
  }

  /// Puts one question and waits for its answer.
  func ask(
    _ question: Request.Ask, _ body: LinkBody = .none
  ) async throws(RemoteError) -> (answer: Reply.Answer, body: LinkBody) {
    await takeTurn()
    defer { endTurn() }
    number += 1
    let forgotten = gone.withLockedValue { gone in
      let first = Array(gone.prefix(Request.largestForget))
      gone.removeFirst(first.count)
      return first
    }
    guard
      let message = MessageCoding.message(
        Request(number: number, forget: forgotten, ask: question), body: body)
    else {
      throw .misuse("the program is too long for one message, or has a number that is not finite; send it in pieces")
    }
    do throws(LinkError) {
      try await link.send(message)
    } catch {
      throw .connection(error)
    }
    return try await answer()
  }

  /// The answer to the last question; those to questions that were given up are passed over.
  private func answer() async throws(RemoteError) -> (answer: Reply.Answer, body: LinkBody) {
    while true {
      let message: LinkMessage
      do throws(LinkError) {
        message = try await link.receive(within: patience)
      } catch {
        throw .connection(error)
      }
      guard let reply = MessageCoding.header(Reply.self, of: message) else { throw .malformedReply(from: name) }
      guard reply.number == number || reply.number == nil else { continue }
      if case .refused(let reason, let exitCode) = reply.answer {
        throw .refused(by: name, reason: reason, exitCode: exitCode)
      }
      return (reply.answer, message.body)
    }
  }

  /// Waits until no other task waits for an answer.
  private func takeTurn() async {
    guard isAsking else {
      isAsking = true
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  /// The next task has the turn from here on.
  private func endTurn() {
    if waiting.isEmpty { isAsking = false } else { waiting.removeFirst().resume() }
  }
}
