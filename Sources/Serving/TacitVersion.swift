/// The version of this program and library.
public enum TacitVersion {
  public static let current = "0.1.0"
}
