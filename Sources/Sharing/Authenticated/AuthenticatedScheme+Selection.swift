import CKernels
import Tensors

/// Bits times values, and bits as values, with a dealt bit ρ that is shared both ways (`docs/PROTOCOLS.md` 3.4).
extension AuthenticatedScheme {
  /// One round; where the bits are signs of these scalars (or their opposites), whose mask is opened already, it opens but a
  /// bit a scalar.
  public func multiply(_ bits: AuthenticatedBits, _ share: AuthenticatedShare) async throws -> AuthenticatedShare {
    let count = share.shape.count
    guard count > 0 else { return share }
    let origin = bits.origin.flatMap { $0.identity === share.identity ? $0.mask : nil }
    var draws = try await deal(.selection(count: count, mask: origin?.name))
    let mask = origin?.share ?? draws.authenticatedMask(share.shape)
    let rho = draws.authenticatedMaskPlanes(1, count)
    let opened = try await openSums(origin == nil ? [share.words - mask] : [], [bits.planes ^ rho])
    let e = origin?.opened ?? opened.words[0]
    let flips = Dealer.unpacked(opened.planes[0], rows: 1, count: count)
    let word = draws.authenticatedWords(share.shape)
    let masked = draws.authenticatedWords(share.shape)
    return AuthenticatedShare(
      each { part, factor in
        WideTensor.made(share.shape) {
          ck_u128_dealt_select(
            count, factor.low, factor.high, flips, e.words, mask[keyPath: part].words, word[keyPath: part].words,
            masked[keyPath: part].words, $0)
        }
      })
  }

  /// One round, n − 1 bits a party and bit; dealt: 40 bytes.
  public func convert(_ bits: AuthenticatedBits) async throws -> AuthenticatedShare {
    AuthenticatedShare(try await words(of: bits.planes).apply { $0.reshaped(to: bits.shape) })
  }

  /// One round, n − 1 bits a party and bit, however many tables; dealt: 40 bytes a bit.
  public func weightedSums(_ bits: [AuthenticatedBits], tables: [[UInt64]]) async throws -> [AuthenticatedShare] {
    let shape = bits[0].shape
    let planes = AuthenticatedPlanes(
      words: bits.flatMap(\.words), macs: bits.flatMap(\.macs), rows: bits.count, count: shape.count)
    let words = try await words(of: planes)
    return tables.map { table in
      AuthenticatedShare(
        words.apply { words in
          table.enumerated().reduce(WideTensor(repeating: 0, shape: shape)) { sum, entry in
            sum.adding(words.row(entry.offset, shape), times: UInt128(entry.element))
          }
        })
    }
  }

  /// Shares of the bits of planes as ring words, plane by plane.
  private func words(of planes: AuthenticatedPlanes) async throws -> AuthenticatedWords {
    let count = planes.rows * planes.count
    guard count > 0 else {
      let nothing = WideTensor(repeating: 0, shape: [0])
      return AuthenticatedWords(value: nothing, mac: nothing)
    }
    var draws = try await deal(.conversion(rows: planes.rows, count: planes.count))
    let rho = draws.authenticatedMaskPlanes(planes.rows, planes.count)
    let opened = try await openSums([], [planes ^ rho]).planes[0]
    let flips = Dealer.unpacked(opened, rows: planes.rows, count: planes.count)
    let words = draws.authenticatedWords([count])
    return each { part, factor in
      var result = words[keyPath: part]
      ck_u128_dealt_convert(count, factor.low, factor.high, flips, result.words, &result.words)
      return result
    }
  }
}

extension WideTensor {
  /// Scalars `row · shape.count` on.
  fileprivate func row(_ row: Int, _ shape: Shape) -> WideTensor {
    let size = shape.count
    let start = row * size
    return WideTensor(
      shape: shape, words: Array(words[start..<start + size]) + Array(words[count + start..<count + start + size]))
  }
}
