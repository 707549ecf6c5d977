import Foundation

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Serves one file over HTTP on a free port of this machine, whole or from a place on, one caller after the other.
final class FileServer: @unchecked Sendable {
  let port: Int
  private let content: [UInt8]
  private let knowsRanges: Bool
  private let listener: Int32
  /// Guards what follows: the server's thread writes, tests read.
  private let lock = NSLock()
  private var asked: [Int?] = []
  private var cutAfter: Int?

  /// Where each request began, `nil` for those of the whole file.
  var ranges: [Int?] { lock.withLock { asked } }

  /// - Parameter cutAfter: of the first answer, the bytes after which the connection is closed.
  init?(_ content: [UInt8], cutAfter: Int? = nil, knowsRanges: Bool = true) {
    (self.content, self.cutAfter, self.knowsRanges) = (content, cutAfter, knowsRanges)
    #if canImport(Darwin)
      listener = socket(AF_INET, SOCK_STREAM, 0)
    #else
      listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, 8) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    guard isOpen else { return nil }
    Thread.detachNewThread { [weak self] in
      while true {
        let caller = accept(descriptor, nil, nil)
        guard caller >= 0, let self else { break }
        self.answer(caller)
        close(caller)
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func answer(_ caller: Int32) {
    var request = ""
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !request.contains("\r\n\r\n") {
      let count = recv(caller, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      request += String(decoding: buffer[..<count], as: UTF8.self)
    }
    let line = request.split(separator: "\r\n").first { $0.lowercased().hasPrefix("range: bytes=") }
    let start = line.flatMap { Int($0.dropFirst("range: bytes=".count).prefix { $0.isNumber }) }
    let cut = lock.withLock {
      asked.append(start)
      defer { cutAfter = nil }
      return cutAfter
    }
    let first = knowsRanges ? start ?? 0 : 0
    let body = Array(content[first...])
    let head =
      first > 0
      ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes \(first)-\(content.count - 1)/\(content.count)\r\n"
      : "HTTP/1.1 200 OK\r\n"
    send(caller, Array((head + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n").utf8))
    send(caller, Array(body.prefix(cut ?? body.count)))
  }

  private func send(_ caller: Int32, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      #if canImport(Darwin)
        let count = rest.withUnsafeBytes { Darwin.send(caller, $0.baseAddress, $0.count, 0) }
      #else
        let count = rest.withUnsafeBytes { Glibc.send(caller, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      #endif
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
