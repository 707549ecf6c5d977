/// What stands between a worker and a Flower federation: what, where and what to do.
public enum FlowerError: Error, Hashable, Sendable {
  /// Bytes that are no object of Flower's format, or objects that do not go together.
  case malformedObject(String)
  /// A protobuf message that cannot be read.
  case malformedMessage(String)
  /// A message's object is not at the SuperLink any more.
  case lostObject(String)
  /// An address that is none.
  case badAddress(String)
  /// A file of a key or of root certificates cannot be used.
  case file(path: String, reason: String)
  /// A private key cannot be read, or others can read it; with the whole sentence.
  case keyFile(String)
  /// Nobody answers, or not in time.
  case unreachable(address: String, reason: String)
  /// The SuperLink's certificate is not accepted.
  case notTrusted(address: String, reason: String)
  /// The SuperLink does not know this node's key, or does not accept what it signs.
  case unknownKey(address: String)
  /// The SuperLink takes in no nodes that register themselves.
  case registrationClosed(address: String)
  /// The run that a message belongs to is over.
  case runIsOver
  /// Another refusal, with Flower's own reason.
  case refused(address: String, status: Int, reason: String)
}

extension FlowerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformedObject(let reason): "an object of a Flower message cannot be read: \(reason)"
    case .malformedMessage(let reason): "a Flower message cannot be read: \(reason)"
    case .lostObject(let id): "the SuperLink has lost the object \(id) of a message; let the run ask again"
    case .badAddress(let text): "“\(text)” is no address of a SuperLink; write HOST:PORT"
    case .file(let path, let reason): "\(path) cannot be used: \(reason)"
    case .keyFile(let sentence): sentence
    case .unreachable(let address, let reason): "the SuperLink at \(address) does not answer: \(reason)"
    case .notTrusted(let address, let reason):
      "the SuperLink at \(address) is not trusted: \(reason); check its address, and name its authority with --flower-root"
    case .unknownKey(let address):
      "the SuperLink at \(address) does not accept this node's key; register its public key with flwr supernode register, "
        + "and set both clocks"
    case .registrationClosed(let address):
      "the SuperLink at \(address) takes in registered nodes only; register a key with flwr supernode register and name it "
        + "with --flower-key"
    case .runIsOver: "the run that asked is over"
    case .refused(let address, let status, let reason):
      "the SuperLink at \(address) refused with status \(status)" + (reason.isEmpty ? "" : ": \(reason)")
    }
  }

  /// Whether it would come again, whatever the worker does.
  package var isFinal: Bool {
    switch self {
    case .badAddress, .file, .keyFile, .notTrusted, .unknownKey, .registrationClosed: true
    case .malformedObject, .malformedMessage, .lostObject, .unreachable, .runIsOver, .refused: false
    }
  }

  /// As the command line ends with it: 2 for what its owner must mend, 3 for the network, 4 for a refusal.
  public var exitCode: Int {
    switch self {
    case .badAddress, .file, .keyFile: 2
    case .unreachable, .lostObject, .malformedObject, .malformedMessage, .runIsOver, .refused: 3
    case .notTrusted, .unknownKey, .registrationClosed: 4
    }
  }
}
