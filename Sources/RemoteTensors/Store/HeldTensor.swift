import Sharing
import Tensors

/// What a worker holds under one id.
struct HeldTensor: Sendable {
  enum Content: Sendable {
    case floats(Tensor<Float>)
    case share(FixedShare)
  }

  let content: Content
  let provenance: Provenance
  /// What it counts against its client; own tensors count nothing.
  let byteCount: Int

  init(_ tensor: Tensor<Float>, _ provenance: Provenance, byteCount: Int? = nil) {
    content = .floats(tensor)
    self.provenance = provenance
    self.byteCount = byteCount ?? 4 * tensor.count
  }

  init(_ share: FixedShare, _ provenance: Provenance) {
    content = .share(share)
    self.provenance = provenance
    byteCount = 8 * share.share.shape.count
  }

  var shape: Shape {
    switch content {
    case .floats(let tensor): tensor.shape
    case .share(let share): share.share.shape
    }
  }

  /// The tensor, where it is one in the clear.
  var tensor: Tensor<Float> {
    get throws(Refusal) {
      guard case .floats(let tensor) = content else {
        throw .request("this is a share of a tensor: only sums, differences and multiples can be taken of it")
      }
      return tensor
    }
  }

  var share: FixedShare {
    get throws(Refusal) {
      guard case .share(let share) = content else { throw .request("this is no share of a tensor") }
      return share
    }
  }
}
