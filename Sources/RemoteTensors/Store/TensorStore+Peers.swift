import Identity
import Links
import Sharing
import Tensors
import Transports

/// What workers hand each other for a client, which sees none of it.
extension TensorStore {
  /// The most workers that hold shares of one tensor.
  private static let largestHolderCount = 16

  /// Hands a tensor to another worker; here it is gone afterwards.
  ///
  /// What the policy releases arrives as the client's; what it does not goes in trust, to workers that the owner named.
  func move(_ id: String, to other: String, for peer: PeerIdentity) async throws(Refusal) -> Reply.Answer {
    let held = try held(id, of: peer.fingerprint)
    let tensor = try held.tensor
    let receiver = try worker(named: other)
    var isBorrowed = false
    do throws(Refusal) {
      try release(held.provenance)
    } catch {
      guard held.provenance != .borrowed, policy.movesTo.contains(other) else { throw error }
      isBorrowed = true
    }
    if held.provenance != .open {
      note(.released, peer.name, "move to \(other): \(held.provenance.title) of shape \(held.shape)")
    }
    let deposit = Deposit(client: peer.fingerprint, shape: tensor.shape, form: .clear(isBorrowed: isBorrowed))
    let pointer = try await hand(deposit, .floats(tensor.scalars), to: receiver)
    clients[peer.fingerprint]?.remove(id)
    return .tensors([pointer])
  }

  /// Cuts a tensor into as many summands as there are holders; any of them but one together tell nothing.
  ///
  /// This worker is always one of them, so that nobody opens own data without it.
  func share(_ id: String, among names: [String], for peer: PeerIdentity) async throws(Refusal) -> Reply.Answer {
    let held = try held(id, of: peer.fingerprint)
    let tensor = try held.tensor
    try checkHolders(names, of: held.provenance)
    var receivers: [RemoteWorker?] = []
    for other in names { receivers.append(other == name ? nil : try worker(named: other)) }
    if held.provenance != .open {
      note(.released, peer.name, "share among \(names.joined(separator: ", ")): \(held.provenance.title)")
    }
    let parcels = AdditiveSharing.parcels(of: [FixedShare.words(of: tensor)], partyCount: names.count)
    var pointers: [Reply.Pointer] = []
    for (index, receiver) in receivers.enumerated() {
      let form = Deposit.Form.share(holder: index, holderCount: names.count)
      let deposit = Deposit(client: peer.fingerprint, shape: tensor.shape, form: form)
      if let receiver {
        let body: LinkBody = parcels[index].key.isEmpty ? .words64(parcels[index].words) : .bytes(parcels[index].key)
        pointers.append(try await hand(deposit, body, to: receiver))
      } else {
        let share = try FixedShare(parcels[index], holder: index, of: names.count, tensor.shape)
        guard case .tensors(let kept) = try keep([HeldTensor(share, held.provenance)], for: peer.fingerprint) else {
          continue
        }
        pointers += kept
      }
    }
    return .tensors(pointers)
  }

  private func checkHolders(_ names: [String], of provenance: Provenance) throws(Refusal) {
    guard (2...Self.largestHolderCount).contains(names.count), Set(names).count == names.count, names.contains(name)
    else {
      throw .request("shares are held by 2 to \(Self.largestHolderCount) different workers, and \(name) must be one")
    }
    guard provenance != .open else { return }
    guard provenance != .borrowed else {
      throw .policy("this is made from data that another worker handed over in trust, and goes nowhere else")
    }
    guard names.allSatisfy({ $0 == name || policy.sharesWith.contains($0) }) else {
      throw .policy(
        "this is made from the worker's own data, and its owner has not named all of these as holders of shares")
    }
  }

  private func worker(named other: String) throws(Refusal) -> RemoteWorker {
    guard other != name else { throw .request("\(name) is where the tensor is already") }
    guard let peer = peers[other] else { throw .peer("\(name) has no connection to a worker of that name") }
    return peer
  }

  private func hand(
    _ deposit: Deposit, _ body: LinkBody, to receiver: RemoteWorker
  ) async throws(Refusal) -> Reply.Pointer {
    do throws(RemoteError) {
      return try await receiver.deposit(deposit, body)
    } catch {
      throw Refusal(reason: "\(error)", exitCode: error.exitCode)
    }
  }

  /// Keeps what another worker hands over for a client that is connected here.
  func take(_ deposit: Deposit, _ body: LinkBody, from peer: PeerIdentity) throws(Refusal) -> Reply.Answer {
    guard peer.role == Role.worker.rawValue else { throw .policy("only workers hand over tensors for others") }
    guard let table = clients[deposit.client] else {
      throw .peer("the client has no connection to \(name); connect to both workers first")
    }
    guard deposit.shape.count > 0, deposit.shape.count <= limits.bytesPerClient / 8 else {
      throw .request("a tensor of shape \(deposit.shape) is empty or too large")
    }
    try table.checkRoom(for: 8 * deposit.shape.count, limits)
    switch deposit.form {
    case .clear(let isBorrowed):
      let tensor = try tensor(of: deposit.shape, in: body)
      return try keep([HeldTensor(tensor, isBorrowed ? .borrowed : .open)], for: deposit.client)
    case .share(let holder, let count):
      guard (2...Self.largestHolderCount).contains(count), (0..<count).contains(holder) else {
        throw .request("there is no holder \(holder) of \(count)")
      }
      let share = try FixedShare(body.parcel, holder: holder, of: count, deposit.shape)
      return try keep([HeldTensor(share, .open)], for: deposit.client)
    }
  }
}

extension FixedShare {
  fileprivate init(
    _ parcel: AdditiveSharing.Parcel, holder: Int, of count: Int, _ shape: Shape
  ) throws(Refusal) {
    guard let shares = try? AdditiveSharing.unpack(parcel, party: holder, partyCount: count, shapes: [shape]) else {
      throw .request("the message does not hold a share of shape \(shape)")
    }
    try self.init(
      shares[0], fractionBits: FixedShare.fractionBits,
      magnitudeBits: FixedShare.largestBits + FixedShare.fractionBits + 1)
  }
}

extension LinkBody {
  /// A parcel is a key or words; anything else fits no shape.
  fileprivate var parcel: AdditiveSharing.Parcel {
    switch self {
    case .bytes(let key): AdditiveSharing.Parcel(key: key, words: [])
    case .words64(let words): AdditiveSharing.Parcel(key: [], words: words)
    case .none, .floats, .words32: AdditiveSharing.Parcel(key: [], words: [])
    }
  }
}
