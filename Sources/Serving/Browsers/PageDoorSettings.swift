import Links

/// Where a party listens for pages, and with which certificate.
public struct PageDoorSettings: Sendable {
  let address: String
  let certificate: WebCertificate
  let url: String?
  private let origins: Set<String>?

  /// - Parameters:
  ///   - address: `HOST:PORT`; port 0 is any that is free.
  ///   - certificate: PEM file of a certificate that browsers accept for the party's name.
  ///   - key: PEM file of its key, which its owner alone can read.
  ///   - url: how browsers reach it: `wss://NAME:PORT`, where that is another than the address.
  ///   - origins: of the pages that may come in; all that owners of models allow where none is given.
  /// - Throws: ``ServingError/badRequest(_:)`` or `IdentityError`.
  public init(
    address: String, certificate: String, key: String, url: String? = nil, origins: [String] = []
  ) throws {
    if let url, !PartyPage.isAddress(url) {
      throw ServingError.badRequest("the address of a party for pages is wss://NAME:PORT, not \"\(url.prefix(80))\"")
    }
    guard url != nil || !["0.0.0.0:", "[::]:"].contains(where: { address.hasPrefix($0) }) else {
      throw ServingError.badRequest("browsers cannot be sent to \(address): say with --web-url how they reach it")
    }
    self.address = address
    self.certificate = try WebCertificate(certificate: certificate, key: key)
    self.url = url
    self.origins = origins.isEmpty ? nil : Set(try origins.map { try WebOrigin.checked($0) })
  }

  /// Whether the party lets in pages of an origin, if a model's owner does.
  func allows(_ origin: String) -> Bool { origins?.contains(origin) ?? true }
}
