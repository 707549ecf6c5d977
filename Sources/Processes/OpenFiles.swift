#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How many files and connections this process may have open.
public enum OpenFiles {
  /// Lifts the usual limit, which many connections exceed, to the highest that this process may set for itself.
  public static func raiseLimit() {
    var limit = rlimit()
    #if canImport(Darwin)
      guard getrlimit(RLIMIT_NOFILE, &limit) == 0 else { return }
      limit.rlim_cur = min(limit.rlim_max, rlim_t(OPEN_MAX))
      _ = setrlimit(RLIMIT_NOFILE, &limit)
    #else
      guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
      limit.rlim_cur = limit.rlim_max
      _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    #endif
  }
}
