#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Threads for loops, and how a thread knows whose it is.
enum LoopThread {
  /// Deep recursion of a task must fit, and the default of some systems is small.
  private static let stackByteCount = 8 << 20

  /// A slot of the thread itself, not its identifier: compilers keep the latter across suspension points.
  private static let slot: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  static func markCurrent(_ loop: SocketLoop) { pthread_setspecific(slot, address(of: loop)) }

  static func isCurrent(_ loop: SocketLoop) -> Bool {
    pthread_getspecific(slot) == UnsafeMutableRawPointer(mutating: address(of: loop))
  }

  private static func address(of loop: SocketLoop) -> UnsafeRawPointer {
    UnsafeRawPointer(Unmanaged.passUnretained(loop).toOpaque())
  }

  private final class Start {
    private let main: () -> Void

    init(_ main: @escaping () -> Void) { self.main = main }

    /// What a new thread does: takes over the box that `start` retained for it.
    static func enter(_ box: UnsafeMutableRawPointer) {
      Unmanaged<Start>.fromOpaque(box).takeRetainedValue().main()
    }
  }

  /// Starts a detached thread that runs `main` once.
  static func start(name: String, _ main: @escaping () -> Void) {
    let box = Unmanaged.passRetained(Start(main)).toOpaque()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackByteCount)
    #if canImport(Darwin)
      pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED)
      var thread: pthread_t?
      let status = pthread_create(
        &thread, &attributes,
        {
          Start.enter($0)
          return nil
        }, box)
    #else
      pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
      var thread = pthread_t()
      let status = pthread_create(
        &thread, &attributes,
        {
          if let box = $0 { Start.enter(box) }
          return nil
        }, box)
    #endif
    precondition(status == 0, "the system refused to start the thread \(name): error \(status)")
  }
}
