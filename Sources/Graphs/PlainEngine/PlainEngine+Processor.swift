import CKernels
import COpenBLAS

extension PlainEngine {
  /// What `OPENBLAS_CORETYPE` should say for this processor, where OpenBLAS is older than it and falls back to the kernels
  /// of 2004; `nil` where it does well. The library reads it when it is loaded, so that it takes a new process.
  public static var missedProcessor: String? {
    guard ["Prescott", "Core2", "Generic"].contains(String(cString: openblas_get_corename())) else { return nil }
    return switch ck_dispatch_level() {
    case ck_level_avx512: "SkylakeX"
    case ck_level_avx2: "Haswell"
    default: nil
    }
  }
}
