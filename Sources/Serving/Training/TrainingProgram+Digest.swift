import Crypto
package import Foundation

extension TrainingProgram {
  /// The same bytes for the same program.
  package func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return try encoder.encode(self)
  }

  /// SHA-256 of ``encoded()``.
  package func digest() throws -> [UInt8] { Array(SHA256.hash(data: try encoded())) }
}
