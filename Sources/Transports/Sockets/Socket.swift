#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The few calls on sockets that this room needs; every descriptor is non-blocking and is not inherited.
enum Socket {
  /// What a call that may not wait has done.
  enum Progress: Equatable {
    case done(Int)
    case wouldBlock
    case failed(errno: Int32)
  }

  static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Progress {
    #if canImport(Darwin)
      return progress { Darwin.send(descriptor, bytes.baseAddress, bytes.count, 0) }
    #else
      return progress { Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
    #endif
  }

  static func receive(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Progress {
    progress { recv(descriptor, bytes.baseAddress, bytes.count, 0) }
  }

  private static func progress(_ call: () -> Int) -> Progress {
    while true {
      let count = call()
      if count >= 0 { return .done(count) }
      switch errno {
      case EINTR: continue
      case EAGAIN, EWOULDBLOCK: return .wouldBlock
      default: return .failed(errno: errno)
      }
    }
  }

  /// Begins to connect; `nil` with `errno` set where that fails at once.
  static func startConnecting(to address: NetworkAddress) -> Int32? {
    guard let descriptor = make(for: address) else { return nil }
    let result = address.withPointer { connect(descriptor, $0, $1) }
    guard result == 0 || errno == EINPROGRESS else {
      closeKeepingErrno(descriptor)
      return nil
    }
    return descriptor
  }

  /// What has become of ``startConnecting(to:)``, once the socket is writable: 0 or an error number.
  static func connectionError(_ descriptor: Int32) -> Int32 {
    var error: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else { return errno }
    return error
  }

  /// A listening socket; `nil` with `errno` set where that fails.
  static func listening(on address: NetworkAddress) -> Int32? {
    guard let descriptor = make(for: address) else { return nil }
    set(descriptor, SOL_SOCKET, SO_REUSEADDR)
    guard address.withPointer({ bind(descriptor, $0, $1) }) == 0, listen(descriptor, 128) == 0 else {
      closeKeepingErrno(descriptor)
      return nil
    }
    return descriptor
  }

  /// The next connection that waits at a listening socket, and where it comes from.
  static func acceptNext(_ listener: Int32) -> (progress: Progress, from: NetworkAddress?) {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let progress = progress {
      withUnsafeMutablePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Int(accept(listener, $0, &size)) }
      }
    }
    guard case .done(let descriptor) = progress else { return (progress, nil) }
    prepare(Int32(descriptor))
    return (progress, NetworkAddress(storage: storage, size: size))
  }

  /// The address a socket is bound to.
  static func localAddress(_ descriptor: Int32) -> NetworkAddress? {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
    }
    return result == 0 ? NetworkAddress(storage: storage, size: size) : nil
  }

  /// Says that nothing more will be sent.
  static func finishSending(_ descriptor: Int32) {
    #if canImport(Darwin)
      shutdown(descriptor, SHUT_WR)
    #else
      shutdown(descriptor, Int32(SHUT_WR))
    #endif
  }

  static func closeKeepingErrno(_ descriptor: Int32) {
    let saved = errno
    close(descriptor)
    errno = saved
  }

  static func describe(errno number: Int32) -> String {
    guard let text = strerror(number) else { return "error \(number)" }
    return String(cString: text).lowercased()
  }

  private static func make(for address: NetworkAddress) -> Int32? {
    #if canImport(Darwin)
      let descriptor = socket(address.family, SOCK_STREAM, 0)
    #else
      let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    guard descriptor >= 0 else { return nil }
    prepare(descriptor)
    return descriptor
  }

  private static func prepare(_ descriptor: Int32) {
    makeNonBlocking(descriptor)
    set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE)
    #if canImport(Darwin)
      set(descriptor, SOL_SOCKET, SO_NOSIGPIPE)
    #endif
  }

  static func makeNonBlocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
    var one: Int32 = 1
    setsockopt(descriptor, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
  }
}
