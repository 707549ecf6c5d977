import Hummingbird

/// What every response says to the browser: load from here alone, guess no types, show in nobody's frame, keep nothing.
enum SecurityHeaders {
  static let contentSecurityPolicy = """
    default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
    """

  static var fields: HTTPFields {
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
