#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A resolved network address.
struct NetworkAddress: Sendable {
  private let storage: sockaddr_storage
  private let size: socklen_t

  init(storage: sockaddr_storage, size: socklen_t) {
    self.storage = storage
    self.size = size
  }

  /// The first address a host name stands for. Asks the system's resolver, which may block.
  init(host: String, port: Int) throws(ChannelError) {
    let text = "\(host):\(port)"
    guard (0...65535).contains(port) else { throw .badAddress(text, reason: "a port is a number from 0 to 65535") }
    var hints = addrinfo()
    #if canImport(Darwin)
      hints.ai_socktype = SOCK_STREAM
    #else
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #endif
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &list)
    defer { freeaddrinfoIfAny(list) }
    guard status == 0, let first = list, let address = first.pointee.ai_addr else {
      throw .badAddress(text, reason: gai_strerror(status).map { String(cString: $0) } ?? "the host is unknown")
    }
    var storage = sockaddr_storage()
    let size = min(Int(first.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size))
    }
    self.init(storage: storage, size: socklen_t(size))
  }

  var family: Int32 { Int32(storage.ss_family) }

  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
    }
  }

  /// The numeric host and the port.
  var hostAndPort: (host: String, port: Int)? {
    var host = [CChar](repeating: 0, count: 256)
    var service = [CChar](repeating: 0, count: 16)
    let status = withPointer { pointer, size in
      getnameinfo(
        pointer, size, &host, socklen_t(host.count), &service, socklen_t(service.count),
        NI_NUMERICHOST | NI_NUMERICSERV)
    }
    guard status == 0, let port = Int(text(service)) else { return nil }
    return (text(host), port)
  }

  private func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension NetworkAddress: CustomStringConvertible {
  var description: String { hostAndPort.map { joined(host: $0.host, port: $0.port) } ?? "an unknown address" }
}

/// `host:port`, with brackets around an address that itself has colons.
package func joined(host: String, port: Int) -> String {
  host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
}

private func freeaddrinfoIfAny(_ list: UnsafeMutablePointer<addrinfo>?) {
  if let list { freeaddrinfo(list) }
}
