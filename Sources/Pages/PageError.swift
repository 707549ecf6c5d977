/// Why a page cannot be made or served.
public enum PageError: Error, Hashable, Sendable, CustomStringConvertible {
  case notPublished(model: String)
  case text(String)
  case address(String)
  case cannotListen(String, reason: String)
  case folder(String, reason: String)
  case tokens(String, reason: String)

  public var description: String {
    switch self {
    case .notPublished(let model):
      "the model \"\(model)\" says nothing of how rows become inputs, so that there is no form to make: "
        + "share it with --publish-preprocessing"
    case .text(let text): "--text is NAME=TEXT, such as A2=Age, not \"\(text.prefix(80))\""
    case .address(let text): "the page's address \(text) is not HOST:PORT; write it as 127.0.0.1:8080 or [::1]:8080"
    case .cannotListen(let address, let reason):
      "the page cannot be served at \(address) (\(reason)): choose a free port and an address of this machine"
    case .folder(let path, let reason): "the page cannot be written to \(path): \(reason)"
    case .tokens(let path, let reason): "the tokens in \(path) cannot be used: \(reason)"
    }
  }
}
