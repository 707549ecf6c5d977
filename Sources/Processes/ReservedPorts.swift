import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Ports of the loopback interface for servers that are yet to start: nobody else who asks here gets them before they
/// are released.
///
/// A port stays bound for UDP while it is reserved, which servers on TCP do not mind. So the system itself keeps the book
/// for all processes, and strikes out what belonged to one that has ended. The ports lie below those that systems give to
/// outgoing connections and to whoever asks for any port.
package final class ReservedPorts: Sendable {
  private static let range = 20_000..<32_768

  package let numbers: [Int]
  private let locks: Mutex<[Int32]>

  /// - Throws: ``ChildProcess/NotStarted``.
  package static func take(_ count: Int) throws -> ReservedPorts {
    var numbers: [Int] = []
    var locks: [Int32] = []
    // Not always the same ones, as somebody may still be calling those of a moment ago.
    let start = Int.random(in: 0..<range.count)
    for offset in 0..<range.count where numbers.count < count {
      let port = range.lowerBound + (start + offset) % range.count
      guard let lock = LoopbackSocket.bound(to: port, isStream: false) else { continue }
      guard let probe = LoopbackSocket.bound(to: port, isStream: true) else {
        close(lock)
        continue
      }
      close(probe)
      numbers.append(port)
      locks.append(lock)
    }
    let reserved = ReservedPorts(numbers, locks)
    guard numbers.count == count else {
      throw ChildProcess.NotStarted(reason: "no free port could be found on the loopback interface")
    }
    return reserved
  }

  private init(_ numbers: [Int], _ locks: [Int32]) {
    self.numbers = numbers
    self.locks = Mutex(locks)
  }

  /// Gives the ports back; what listens on them goes on listening.
  package func release() {
    locks.withLock { locks in
      for lock in locks { close(lock) }
      locks = []
    }
  }

  deinit { release() }
}

private enum LoopbackSocket {
  /// A socket on a port of 127.0.0.1, closed in processes that are started; `nil` where the port is taken.
  static func bound(to port: Int, isStream: Bool) -> Int32? {
    #if canImport(Darwin)
      let descriptor = socket(AF_INET, isStream ? SOCK_STREAM : SOCK_DGRAM, 0)
    #else
      let descriptor = socket(AF_INET, Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue), 0)
    #endif
    guard descriptor >= 0 else { return nil }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    if isBound { return descriptor }
    close(descriptor)
    return nil
  }
}
