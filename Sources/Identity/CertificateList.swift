internal import Foundation
internal import SwiftASN1
internal import X509

/// Certificates of others, such as those of clients that may ask a model.
public enum CertificateList {
  /// The SHA-256 of every certificate in a PEM file, as hexadecimal text, in their order; each once.
  public static func fingerprints(inPEM path: String) throws(IdentityError) -> [String] {
    let text = try KeyFile.read(path)
    var prints: [String] = []
    do {
      for document in try PEMDocument.parseMultiple(pemString: text) {
        let print = Fingerprint.text(Fingerprint.of(try Certificate(pemDocument: document).derBytes()))
        if !prints.contains(print) { prints.append(print) }
      }
    } catch {
      throw .malformed(path: path, reason: "it must hold PEM certificates and nothing else")
    }
    guard !prints.isEmpty else { throw .malformed(path: path, reason: "it holds no PEM certificate") }
    return prints
  }
}
