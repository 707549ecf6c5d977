public import Tensors

/// A worker: holds its owner's tensors and those of its clients, computes on them, and decides what leaves.
///
/// ```swift
/// let store = TensorStore(name: "hospital-a", policy: policy)
/// try await store.add(patients, named: "patients")
/// await store.serve(server.links)
/// ```
///
/// It tracks what every value is made from. A client gets what it sent, and what is computed from that alone; what is
/// made from own data leaves only under a rule of the ``ReleasePolicy``. A client can be anybody whom the link's
/// certificate check lets in: each has its own ids, and nobody sees another's.
public actor TensorStore {
  public nonisolated let name: String
  public nonisolated let policy: ReleasePolicy
  public nonisolated let limits: StoreLimits

  /// The owner's tensors, and their numbers in the ledger.
  private var own: [String: (number: Int, tensor: Tensor<Float>)] = [:]
  private var ledger = ReleaseLedger()
  /// By certificate.
  var clients: [[UInt8]: ClientTable] = [:]
  /// Workers that this one talks to, by name.
  var peers: [String: RemoteWorker] = [:]
  private var events: [StoreEvent] = []
  private var eventCount = 0

  public init(name: String, policy: ReleasePolicy = .closed, limits: StoreLimits = StoreLimits()) {
    self.name = name
    self.policy = policy
    self.limits = limits
  }

  /// Adds a tensor of the owner's, one person a row (axis 0).
  ///
  /// Tensors about the same people belong to the same population and have the same number of rows; add all of them
  /// before the first client comes, since what is added after a release is never released.
  ///
  /// - Throws: ``RemoteError/misuse(_:)`` where the name is taken, or a value is not finite.
  public func add(
    _ tensor: Tensor<Float>, named name: String, population: String = "rows"
  ) throws(RemoteError) {
    guard own[name] == nil else { throw .misuse("there is a tensor named “\(name)” already; remove it first") }
    guard tensor.count > 0, tensor.scalars.allSatisfy(\.isFinite) else {
      throw .misuse("the tensor “\(name)” is empty or has values that are not finite; replace them first")
    }
    let number = ledger.add(name, population: population, rows: tensor.shape.extents.first ?? 0)
    own[name] = (number, tensor)
  }

  /// Takes an own tensor away; what clients have computed from it stays there, as unreleased as before.
  public func remove(named name: String) { own[name] = nil }

  /// What was refused and what left, oldest first.
  public var log: [StoreEvent] { events }

  /// How many tensors clients have here.
  public var tensorCount: Int { clients.values.reduce(0) { $0 + $1.tensorCount } }

  /// Lets this worker hand tensors and shares to another, over a connection on which it is the client.
  public func connect(to peer: RemoteWorker) { peers[peer.name] = peer }

  /// Ends the connections to other workers.
  public func disconnect() async {
    let ended = peers.values
    peers = [:]
    for peer in ended { await peer.close() }
  }

  // MARK: For the answers

  var catalogue: [TensorSummary] {
    own.map { TensorSummary(name: $0.key, shape: $0.value.tensor.shape) }.sorted { $0.name < $1.name }
  }

  /// An own tensor as a client's pointer sees it.
  func ownTensor(named name: String) throws(Refusal) -> HeldTensor {
    guard let (number, tensor) = own[name] else { throw .request("there is no tensor of that name") }
    return HeldTensor(tensor, .rows(tensor: number, power: 1), byteCount: 0)
  }

  func value(of statistic: Statistic) throws(Refusal) -> Tensor<Float> {
    guard let (_, tensor) = own.values.first(where: { $0.number == statistic.tensor }) else {
      throw .request("the owner has removed the tensor that this is a sum of")
    }
    return statistic.value(of: tensor)
  }

  /// Notes that a value leaves in the clear, or throws.
  func release(_ provenance: Provenance) throws(Refusal) { try ledger.release(provenance, under: policy) }

  func note(_ kind: StoreEvent.Kind, _ client: String, _ text: String) {
    events.append(StoreEvent(number: eventCount, client: client, kind: kind, text: text))
    eventCount += 1
    if events.count > limits.logCount { events.removeFirst(events.count - limits.logCount) }
  }
}
