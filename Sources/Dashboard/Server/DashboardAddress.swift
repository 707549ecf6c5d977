import Foundation
package import WebServing

/// Where the page is served.
package struct DashboardAddress: Hashable, Sendable {
  package let place: WebAddress

  /// Reads `HOST:PORT`; an IPv6 address stands in brackets, and port 0 is any that is free.
  package init(_ text: String) throws(DashboardError) {
    guard let place = WebAddress(text) else { throw .address(text) }
    self.place = place
  }

  /// The address for a browser: one that stands for all of this machine's is told by the machine's name.
  package func url(port: Int, token: SessionToken) -> String {
    let isAny = place.host == "0.0.0.0" || place.host == "::"
    let name = isAny ? ProcessInfo.processInfo.hostName : place.name
    return "http://\(name):\(port)/?token=\(token.text)"
  }
}
