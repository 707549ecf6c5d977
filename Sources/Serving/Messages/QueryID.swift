import Arithmetic
import Foundation

/// What a query is called at all parties: 32 hexadecimal digits.
///
/// The first twelve are the milliseconds since 1970, so that what parties write down of queries lies in order on their disks
/// (as version 7 of RFC 9562 has it); the others are random. Parties take any other text as well.
enum QueryID {
  static func fresh(at time: Date = Date()) -> String {
    let milliseconds = UInt64(max(0, time.timeIntervalSince1970) * 1000) & 0xFFFF_FFFF_FFFF
    return String(format: "%012lx", milliseconds) + Hexadecimal.text(SecureRandom.bytes(10))
  }
}
