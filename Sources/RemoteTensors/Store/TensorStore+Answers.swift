import Graphs
import Links
import Tensors
import Transports

extension TensorStore {
  /// Does what a message asks, or says in one sentence why not.
  func answer(_ message: LinkMessage, from peer: PeerIdentity) async -> (Reply, LinkBody) {
    guard let request = MessageCoding.header(Request.self, of: message) else {
      let refusal = Refusal.request("the message is none of this protocol, or its program cannot be built")
      return (refuse(refusal, "unreadable", peer, number: nil), .none)
    }
    for id in request.forget.prefix(Request.largestForget) { clients[peer.fingerprint]?.remove(id) }
    do throws(Refusal) {
      let (answer, body) = try await answer(request.ask, message.body, from: peer)
      return (Reply(number: request.number, answer: answer), body)
    } catch {
      return (refuse(error, request.ask.title, peer, number: request.number), .none)
    }
  }

  private func refuse(_ refusal: Refusal, _ title: String, _ peer: PeerIdentity, number: Int?) -> Reply {
    note(.refused(exitCode: refusal.exitCode), peer.name, "\(title): \(refusal.reason)")
    return Reply(number: number, answer: .refused(reason: refusal.reason, exitCode: refusal.exitCode))
  }

  private func answer(
    _ ask: Request.Ask, _ body: LinkBody, from peer: PeerIdentity
  ) async throws(Refusal) -> (Reply.Answer, LinkBody) {
    let client = peer.fingerprint
    switch ask {
    case .nothing: return (.done, .none)
    case .catalogue: return (.catalogue(catalogue), .none)
    case .find(let name): return (try keep([try ownTensor(named: name)], for: client), .none)
    case .put(let shape):
      return (try keep([HeldTensor(try tensor(of: shape, in: body), .open)], for: client), .none)
    case .run(let program, let inputs): return (try keep(try run(program, inputs, for: client), for: client), .none)
    case .get(let id): return try get(id, for: peer)
    case .move(let id, let other): return (try await move(id, to: other, for: peer), .none)
    case .share(let id, let holders): return (try await share(id, among: holders, for: peer), .none)
    case .combine(let id, let other, let subtracting):
      let (a, b) = (try held(id, of: client), try held(other, of: client))
      let share = try a.share.combined(with: try b.share, subtracting: subtracting)
      return (try keep([HeldTensor(share, a.provenance.mixed(with: b.provenance))], for: client), .none)
    case .scale(let id, let factor):
      let held = try held(id, of: client)
      return (try keep([HeldTensor(try held.share.scaled(by: factor), held.provenance)], for: client), .none)
    case .deposit(let deposit): return (try take(deposit, body, from: peer), .none)
    }
  }

  func held(_ id: String, of client: [UInt8]) throws(Refusal) -> HeldTensor {
    guard let table = clients[client] else { throw Refusal.unknownTensor }
    return try table[id]
  }

  func keep(_ tensors: [HeldTensor], for client: [UInt8]) throws(Refusal) -> Reply.Answer {
    guard var table = clients[client] else { throw .request("this client has no connection here") }
    var pointers: [Reply.Pointer] = []
    for tensor in tensors { pointers.append(Reply.Pointer(id: try table.insert(tensor, limits), shape: tensor.shape)) }
    let others = clients.reduce(0) { $0 + ($1.key == client ? 0 : $1.value.byteCount) }
    guard others + table.byteCount <= limits.bytesOfAllClients else {
      throw .request("all clients together have as much as \(name) can hold; try again later")
    }
    clients[client] = table
    return .tensors(pointers)
  }

  /// A tensor that came in a body.
  func tensor(of shape: Shape, in body: LinkBody) throws(Refusal) -> Tensor<Float> {
    guard case .floats(let floats) = body, floats.count == shape.count, shape.count > 0 else {
      throw .request("the message does not hold the values of a tensor of shape \(shape)")
    }
    return Tensor(shape: shape, scalars: floats)
  }

  private func run(
    _ program: Graph, _ ids: [String: String], for client: [UInt8]
  ) throws(Refusal) -> [HeldTensor] {
    try limits.check(program)
    guard let table = clients[client] else { throw Refusal.unknownTensor }
    try table.checkRoom(
      for: program.outputs.reduce(0) { $0 + 4 * program.nodes[$1].shape.count }, tensors: program.outputs.count, limits)
    var inputs: [String: HeldTensor] = [:]
    for (name, id) in ids {
      guard program.inputs[name] != nil, !name.hasPrefix("\0") else {
        throw .request("the program has no input of a name that was given")
      }
      inputs[name] = try table[id]
    }
    let plan = try ProgramPlan(program, inputs: inputs)
    var values: [String: Tensor<Float>] = [:]
    for (name, held) in inputs { values[name] = try held.tensor }
    for (name, statistic) in plan.statistics { values[name] = try value(of: statistic) }
    do throws(GraphError) {
      return zip(try PlainEngine().run(plan.graph, inputs: values), plan.provenances).map { HeldTensor($0, $1) }
    } catch {
      throw .request("the program does not fit: \(error)")
    }
  }

  private func get(_ id: String, for peer: PeerIdentity) throws(Refusal) -> (Reply.Answer, LinkBody) {
    let held = try held(id, of: peer.fingerprint)
    try release(held.provenance)
    if held.provenance != .open { note(.released, peer.name, "get: \(held.provenance.title) of shape \(held.shape)") }
    switch held.content {
    case .floats(let tensor): return (.value(tensor.shape, fractionBits: nil), .floats(tensor.scalars))
    case .share(let share):
      return (.value(held.shape, fractionBits: share.fractionBits), .words64(share.words.scalars))
    }
  }
}

extension Request.Ask {
  /// For the owner's log.
  fileprivate var title: String {
    switch self {
    case .catalogue: "catalogue"
    case .find: "find"
    case .put: "send"
    case .run: "run"
    case .get: "get"
    case .move: "move"
    case .share: "share"
    case .combine: "add or subtract shares"
    case .scale: "multiply a share"
    case .deposit: "deposit"
    case .nothing: "forget"
    }
  }
}

extension Provenance {
  /// For the owner's log.
  var title: String {
    switch self {
    case .open: "a client's values"
    case .statistics(let statistics): "a function of \(statistics.count) statistics"
    case .rows: "own rows"
    case .sealed: "values made from own rows"
    case .borrowed: "values of another worker"
    }
  }
}
