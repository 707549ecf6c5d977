/// Why the dashboard cannot be served.
public enum DashboardError: Error, Hashable, Sendable, CustomStringConvertible {
  case address(String)
  case cannotListen(String, reason: String)

  public var description: String {
    switch self {
    case .address(let text):
      "the dashboard's address \(text) is not HOST:PORT; write it as 127.0.0.1:9300 or [::1]:9300"
    case .cannotListen(let address, let reason):
      "the dashboard cannot listen at \(address) (\(reason)); choose a free port and an address of this machine"
    }
  }
}
