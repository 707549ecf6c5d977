import Arithmetic

/// What one client has at a worker, while it is connected.
struct ClientTable: Sendable {
  var linkCount = 0
  private var tensors: [String: HeldTensor] = [:]
  private(set) var byteCount = 0

  /// Keeps a tensor under a new id: 128 random bits, of use to this client alone.
  mutating func insert(_ tensor: HeldTensor, _ limits: StoreLimits) throws(Refusal) -> String {
    try checkRoom(for: tensor.byteCount, limits)
    let id = Hexadecimal.text(SecureRandom.bytes(16))
    tensors[id] = tensor
    byteCount += tensor.byteCount
    return id
  }

  /// Refuses what would not fit.
  func checkRoom(for more: Int, tensors count: Int = 1, _ limits: StoreLimits) throws(Refusal) {
    guard tensors.count + count <= limits.tensorsPerClient else {
      throw .request("this client has \(tensors.count) tensors there, and the limit is \(limits.tensorsPerClient)")
    }
    guard more <= limits.bytesPerClient - byteCount else {
      throw .request("this client's tensors would take more than \(limits.bytesPerClient) bytes there; delete some")
    }
  }

  subscript(id: String) -> HeldTensor {
    get throws(Refusal) {
      guard let tensor = tensors[id] else { throw Refusal.unknownTensor }
      return tensor
    }
  }

  mutating func remove(_ id: String) {
    if let tensor = tensors.removeValue(forKey: id) { byteCount -= tensor.byteCount }
  }

  var tensorCount: Int { tensors.count }
}
