#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Ports of the loopback interface that nobody listens on at the moment.
package enum FreePorts {
  /// - Throws: ``ChildProcess/NotStarted``.
  package static func find(count: Int) throws -> [Int] {
    var descriptors: [Int32] = []
    defer { for descriptor in descriptors { close(descriptor) } }
    return try (0..<count).map { _ in
      #if canImport(Darwin)
        let descriptor = socket(AF_INET, SOCK_STREAM, 0)
      #else
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      #endif
      guard descriptor >= 0 else { throw ChildProcess.NotStarted(reason: "no socket could be made") }
      descriptors.append(descriptor)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
      }
      guard bound else {
        throw ChildProcess.NotStarted(reason: "no free port could be found on the loopback interface")
      }
      return Int(UInt16(bigEndian: address.sin_port))
    }
  }
}
