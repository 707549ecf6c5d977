import Privacy
import Tensors

extension GaussianNoise {
  /// The noise of a key as ring words, the same wherever and whenever it is drawn: integers alone decide it.
  ///
  /// - Parameters:
  ///   - key: two words that serve nothing else.
  ///   - place: which tensor of the key.
  func words(_ shape: Shape, key: [UInt64], place: Int) -> RingTensor {
    let draws = draws(shape.count, key: key.flatMap(\.bytes), place: UInt64(place))
    return RingTensor(shape: shape, scalars: draws.map { UInt64(bitPattern: Int64($0)) })
  }
}
