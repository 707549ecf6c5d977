public import Hummingbird

/// What every response says to the browser: guess no types, show in nobody's frame, keep nothing.
public enum SecurityHeaders {
  /// - Parameter contentSecurityPolicy: what the page may load and talk to.
  public static func fields(contentSecurityPolicy: String) -> HTTPFields {
    var fields = HTTPFields()
    fields[.cacheControl] = "no-store"
    fields[.contentSecurityPolicy] = contentSecurityPolicy
    fields[.xContentTypeOptions] = "nosniff"
    let others = [
      ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"), ("Cross-Origin-Resource-Policy", "same-origin"),
      ("Cross-Origin-Opener-Policy", "same-origin"),
      ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ]
    for (name, value) in others {
      if let name = HTTPFields.Element.Name(name) { fields[name] = value }
    }
    return fields
  }
}
