/// What a coordinator asks of a key-holder: its part in opening a sum, which is in the body.
struct OpeningRequest: Codable, Sendable {
  /// Counts up from 1 with each question that the coordinator put to this key-holder.
  var number = 0
  let job: String
  /// The attempt: never used twice, over all runs of the coordinator.
  let attempt: Int
  let valueBits: Int
  let summandLimit: Int
  let valueCount: Int
}

/// What a key-holder answers.
struct KeyHolderMessage: Codable, Sendable {
  enum Reply: Codable, Sendable {
    /// A decryption share, in the body, of the holder of this number.
    case share(holder: Int)
    /// Does not take part in opening this.
    case refused(reason: String)
  }

  let question: Int
  let reply: Reply
}
