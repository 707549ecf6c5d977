import CKernels
import Crypto
import CryptoExtras

/// The stream by AES instructions. Its key schedule is erased when the last copy goes.
///
/// `@unchecked Sendable`: the schedule is written by `init` and erased by `deinit`, and only read between them.
final class InstructionKeyStream: KeyStream, @unchecked Sendable {
  static var isAvailable: Bool { ck_aes_available() }

  let schedule: UnsafeMutablePointer<ck_aes128_schedule>

  init(key: [UInt8]) {
    schedule = .allocate(capacity: 1)
    ck_aes128_expand(key, schedule)
  }

  deinit {
    ck_zero(schedule, MemoryLayout<ck_aes128_schedule>.size)
    schedule.deallocate()
  }

  func fill(_ out: UnsafeMutableBufferPointer<UInt64>, counterHigh: UInt64, counterLow: UInt64) {
    ck_aes128_ctr_fill(schedule, counterHigh, counterLow, out.baseAddress, out.count)
  }
}

/// The stream by the cryptographic library, in pieces, since it makes a copy of each.
struct LibraryKeyStream: KeyStream {
  private static let blocksPerPiece = 4096

  private let key: SymmetricKey

  init(key: [UInt8]) {
    self.key = SymmetricKey(data: key)
  }

  func fill(_ out: UnsafeMutableBufferPointer<UInt64>, counterHigh: UInt64, counterLow: UInt64) {
    var low = counterLow
    var done = 0
    while done < out.count {
      // The library's counter has 128 bits and ours 64, so no piece reaches past the wrap.
      let blocksToWrap = 0 &- low
      var blocks = min(Self.blocksPerPiece, (out.count - done + 1) / 2)
      if blocksToWrap != 0 { blocks = Int(min(UInt64(blocks), blocksToWrap)) }
      let wordCount = min(2 * blocks, out.count - done)
      let piece = UnsafeMutableBufferPointer(rebasing: out[done..<done + wordCount])
      fillPiece(piece, counterHigh: counterHigh, counterLow: low)
      done += wordCount
      low &+= UInt64(blocks)
    }
  }

  private func fillPiece(_ piece: UnsafeMutableBufferPointer<UInt64>, counterHigh: UInt64, counterLow: UInt64) {
    let counter = withUnsafeBytes(of: (counterHigh.bigEndian, counterLow.bigEndian)) { Array($0) }
    do {
      let zeros = [UInt8](repeating: 0, count: piece.count * 8)
      let stream = try AES._CTR.encrypt(zeros, using: key, nonce: AES._CTR.Nonce(nonceBytes: counter))
      UnsafeMutableRawBufferPointer(piece).copyBytes(from: stream)
      for index in piece.indices { piece[index] = UInt64(littleEndian: piece[index]) }
    } catch {
      // The library refuses keys and counters of a wrong size only, and both sizes are constant.
      preconditionFailure("AES-CTR failed: \(error)")
    }
  }
}
