internal import Identity
internal import Links
internal import Transports

/// A worker in this process: a ``TensorStore`` that is reached over memory, for trying things out and for tests.
///
/// It answers exactly as one over a WebSocket does. Names stand in for certificates: use it where all who call are one
/// program.
public final class VirtualWorker: Sendable {
  public let store: TensorStore
  public var name: String { store.name }

  public init(name: String, policy: ReleasePolicy = .closed, limits: StoreLimits = StoreLimits()) {
    store = TensorStore(name: name, policy: policy, limits: limits)
  }

  /// The worker as a client sees it. It goes on answering until the returned value is gone or closed.
  public func connect(as client: String = "client") async -> RemoteWorker { await connect(client, .client) }

  func connect(_ name: String, _ role: Role) async -> RemoteWorker {
    let (near, far) = MemoryLink.pair(
      .simulated(name, role), .simulated(self.name, .worker), limits: store.limits.links)
    // The worker knows its client before the client asks another worker to hand it something.
    await store.attendInBackground(far)
    return RemoteWorker(over: near)
  }
}

/// Virtual workers that can hand tensors and shares to each other, until the network is closed.
public struct VirtualNetwork: Sendable {
  public let workers: [VirtualWorker]

  /// Connects each of the workers to every other.
  public init(_ workers: [VirtualWorker]) async {
    self.workers = workers
    for worker in workers {
      for other in workers where other !== worker {
        await worker.store.connect(to: await other.connect(worker.name, .worker))
      }
    }
  }

  /// Ends the connections among the workers.
  public func close() async {
    for worker in workers { await worker.store.disconnect() }
  }
}

extension PeerIdentity {
  /// Somebody in this process, without a certificate.
  fileprivate static func simulated(_ name: String, _ role: Role) -> PeerIdentity {
    PeerIdentity(certificate: [], fingerprint: Array("\(role.rawValue) \(name)".utf8), name: name, role: role.rawValue)
  }
}
