import Foundation

/// Where a page is from, as browsers tell servers: `https://bank.example`, with a port where it is not 443.
///
/// Plain HTTP is for pages of one's own machine: browsers share nothing safely on others.
public enum WebOrigin {
  /// The origin, if it is written as browsers write it.
  ///
  /// - Throws: ``ServingError/badRequest(_:)``.
  @discardableResult
  public static func checked(_ text: String) throws -> String {
    guard text.utf8.count <= 300, let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty,
      isSafe(parts.scheme, host: host), text == Self.text(parts.scheme ?? "", host, parts.port)
    else {
      throw ServingError.badRequest(
        "a page's origin is https://NAME or https://NAME:PORT in small letters (http:// for localhost alone), not "
          + "\"\(text.prefix(80))\"")
    }
    return text
  }

  private static func isSafe(_ scheme: String?, host: String) -> Bool {
    scheme == "https" || scheme == "http" && ["localhost", "127.0.0.1", "[::1]"].contains(host)
  }

  private static func text(_ scheme: String, _ host: String, _ port: Int?) -> String {
    let isUsual = port == nil || port == (scheme == "https" ? 443 : 80)
    return "\(scheme)://\(host.lowercased())" + (isUsual ? "" : ":\(port ?? 0)")
  }
}
