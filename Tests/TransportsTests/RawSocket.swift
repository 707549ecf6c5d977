import Foundation

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A plain, blocking socket for playing a hostile peer, and a relay that spoils what passes through it.
final class RawSocket: Sendable {
  let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Connects to a port of this machine.
  init?(port: Int) {
    descriptor = RawSocket.make()
    guard RawSocket.withAddress(port: port, { connect(descriptor, $0, $1) }) == 0 else { return nil }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      #if canImport(Darwin)
        let count = rest.withUnsafeBytes { Darwin.send(descriptor, $0.baseAddress, $0.count, 0) }
      #else
        let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      #endif
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// What has come, at most 64 KiB, waiting for something; empty at the end.
  func receive() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    return count > 0 ? Array(bytes[..<count]) : []
  }

  func finishSending() {
    #if canImport(Darwin)
      shutdown(descriptor, SHUT_WR)
    #else
      shutdown(descriptor, Int32(SHUT_WR))
    #endif
  }

  /// Listens on a free port, joins the first caller to `port`, and passes each piece from the caller through `spoil`.
  static func relay(to port: Int, spoil: @escaping @Sendable (_ piece: [UInt8], _ number: Int) -> [UInt8]) -> Int? {
    let listener = RawSocket(make())
    guard withAddress(port: 0, { bind(listener.descriptor, $0, $1) }) == 0, listen(listener.descriptor, 1) == 0
    else { return nil }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener.descriptor, $0, &size) }
    }
    guard status == 0 else { return nil }
    Thread.detachNewThread {
      let caller = RawSocket(accept(listener.descriptor, nil, nil))
      guard let target = RawSocket(port: port) else { return }
      Thread.detachNewThread { pass(target, caller) { piece, _ in piece } }
      pass(caller, target, spoil)
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private static func pass(_ from: RawSocket, _ to: RawSocket, _ change: ([UInt8], Int) -> [UInt8]) {
    var number = 0
    while true {
      let piece = from.receive()
      if piece.isEmpty { return to.finishSending() }
      to.send(change(piece, number))
      number += 1
    }
  }

  private static func make() -> Int32 {
    #if canImport(Darwin)
      socket(AF_INET, SOCK_STREAM, 0)
    #else
      socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
  }

  private static func withAddress(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
