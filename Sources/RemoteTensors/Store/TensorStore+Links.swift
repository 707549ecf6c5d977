internal import Identity
public import Links
internal import Transports

extension TensorStore {
  /// Attends every link of a server until there are no more.
  public func serve(_ links: AsyncStream<WebSocketLink>) async {
    await withDiscardingTaskGroup { group in
      for await link in links { group.addTask { await self.attend(link) } }
    }
  }

  /// Answers what comes over a link, one request after the other, until it ends.
  ///
  /// With the last link of a client its tensors go.
  public func attend(_ link: any Link) async {
    guard enter(link.peer) else { return await link.close() }
    await answerAll(over: link)
  }

  /// Begins to attend a link, and leaves that to a task which ends with the link.
  func attendInBackground(_ link: any Link) async {
    guard enter(link.peer) else { return await link.close() }
    Task { await answerAll(over: link) }
  }

  private func answerAll(over link: any Link) async {
    // Between workers a link may be silent for long; that the peer is alive is the link's own business.
    let patience = link.peer.role == Role.worker.rawValue ? .seconds(1 << 30) : limits.idle
    do {
      while true {
        let message = try await link.receive(within: patience)
        let (reply, body) = await answer(message, from: link.peer)
        guard let answer = MessageCoding.message(reply, body: body) else { break }
        try await link.send(answer)
      }
    } catch {}  // A link that is broken, idle or closed needs no answer.
    leave(link.peer)
    await link.close()
  }

  private func enter(_ peer: PeerIdentity) -> Bool {
    guard clients[peer.fingerprint] != nil || clients.count < limits.clientCount else {
      note(.refused(exitCode: 3), peer.name, "connect: there are \(clients.count) clients already")
      return false
    }
    clients[peer.fingerprint, default: ClientTable()].linkCount += 1
    return true
  }

  private func leave(_ peer: PeerIdentity) {
    clients[peer.fingerprint]?.linkCount -= 1
    if clients[peer.fingerprint]?.linkCount == 0 { clients[peer.fingerprint] = nil }
  }
}
