public import Logging

/// A node of a Flower federation in place of a SuperNode and its ClientApp: joins, says that it is there, takes messages, and answers
/// each.
///
/// It stays through restarts of the SuperLink; what a SuperLink has forgotten is lost with the run.
public struct FleetNode: Sendable {
  private let address: SuperLinkAddress
  private let trust: SuperLinkTrust
  private let key: NodeKey
  private let logger: Logger
  private let answer: MessageAnswering

  /// - Parameter address: HOST:PORT.
  public init(
    address: String, trust: SuperLinkTrust, key: NodeKey, logger: Logger, answer: @escaping MessageAnswering
  ) throws(FlowerError) {
    self.address = try SuperLinkAddress(address)
    self.trust = trust
    self.key = key
    self.logger = logger
    self.answer = answer
  }

  /// Serves until its task is cancelled.
  ///
  /// - Throws: ``FlowerError`` where trying again would not help: a key, certificate or address that is refused.
  public func run() async throws {
    var pause = Duration.milliseconds(250)
    var wasIn = false
    while !Task.isCancelled {
      let client = FleetClient(address, trust, key)
      do {
        let node = try await join(client)
        logger.info("joined", metadata: ["superlink": "\(address.text)", "node": "\(node)"])
        (pause, wasIn) = (.milliseconds(250), true)
        do {
          try await stay(client, node)
        } catch {
          if Task.isCancelled { await leave(client, node) }
          throw error
        }
      } catch let error as FlowerError {
        await client.close()
        // A SuperLink that was started again may have forgotten a key that it knew a moment ago.
        if case .unknownKey = error, wasIn { wasIn = false } else if error.isFinal { throw error }
        logger.warning("not connected", metadata: ["reason": "\(error)"])
      } catch is CancellationError {
        await client.close()
        return
      }
      do { try await Task.sleep(for: pause) } catch { return }
      pause = min(pause * 2, .seconds(5))
    }
  }

  private func join(_ client: FleetClient) async throws(FlowerError) -> UInt64 {
    if key.isFresh { try await client.register() }
    return try await client.activate()
  }

  /// A task that was cancelled can still say goodbye, but not wait for itself.
  private func leave(_ client: FleetClient, _ node: UInt64) async {
    let isFresh = key.isFresh
    await Task.detached {
      try? await client.deactivate(node)
      if isFresh { try? await client.unregister(node) }
      await client.close()
    }.value
  }

  private func stay(_ client: FleetClient, _ node: UInt64) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await beat(node) }
      group.addTask { try await serve(client, node) }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// On a connection of its own, since calls on one wait for each other.
  private func beat(_ node: UInt64) async throws {
    let client = FleetClient(address, trust, key)
    let pause = Duration.seconds(FleetClient.heartbeatInterval / 2)
    while true {
      do { try await Task.sleep(for: pause) } catch {
        await client.close()
        throw error
      }
      do {
        guard try await client.heartbeat(node) else { throw FlowerError.unknownKey(address: address.text) }
      } catch {
        // Who serves notices, too, if the SuperLink is gone.
        guard case .unreachable = error as? FlowerError else { throw error }
      }
    }
  }

  private func serve(_ client: FleetClient, _ node: UInt64) async throws {
    let desk = MessageDesk(FleetSession(client: client, node: node), logger: logger, answer: answer)
    var pause = MessageDesk.pauses.shortest
    while true {
      try Task.checkCancellation()
      if try await desk.answerNext() {
        pause = MessageDesk.pauses.shortest
      } else {
        try await Task.sleep(for: pause)
        pause = min(pause * 2, MessageDesk.pauses.longest)
      }
    }
  }
}
