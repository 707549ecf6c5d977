import Graphs
import Tensors

/// What a client, or another worker, tells a worker. Numbers in bulk stand in the body of the link's message.
struct Request: Codable, Sendable {
  /// Counts up on each link, so that late replies are known as such.
  let number: Int
  /// Ids of pointers that are gone since the last request.
  var forget: [String] = []
  let ask: Ask

  /// The most ids that one request forgets.
  static let largestForget = 4096

  enum Ask: Codable, Sendable {
    /// The names and shapes of the worker's own tensors.
    case catalogue
    /// A pointer to an own tensor.
    case find(name: String)
    /// Keeps the tensor in the body.
    case put(Shape)
    /// Runs a program on tensors that are there, inputs by name.
    case run(Graph, inputs: [String: String])
    /// The tensor, or a share of one, in the clear.
    case get(id: String)
    /// Hands the tensor to another worker.
    case move(id: String, to: String)
    /// Cuts the tensor into shares for the named workers, of which this one is one.
    case share(id: String, among: [String])
    /// A share of the sum, or of the difference.
    case combine(id: String, with: String, subtracting: Bool)
    /// A share of a multiple.
    case scale(id: String, by: Float)
    /// Another worker hands over what is in the body.
    case deposit(Deposit)
    /// Forgets, and nothing else.
    case nothing
  }
}

/// What one worker hands to another for a client of both.
struct Deposit: Codable, Sendable {
  enum Form: Codable, Sendable {
    /// In the clear; borrowed where the sender's policy does not let it out.
    case clear(isBorrowed: Bool)
    /// The parcel of one holder.
    case share(holder: Int, holderCount: Int)
  }

  /// The fingerprint of the client, whom the worker knows by its own connection.
  let client: [UInt8]
  let shape: Shape
  let form: Form
}
