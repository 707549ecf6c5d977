import Graphs
import Sharing

/// What a client asks of a party.
enum Request: Codable, Sendable {
  /// The first message of a connection.
  case hello(version: Int)
  /// Takes a model's shares, which follow as a parcel of all weights in the order of their names.
  case share(ModelOffer)
  /// What is shared here that the client may ask; of all names, or of one.
  case models(named: String?)
  /// A query on a shared model; the parcel of its input follows. The client waits for so many seconds, if it says so, and its
  /// trace goes on at the party, if it has one.
  case query(id: String, model: String, batch: Int, waits: Double? = nil, trace: [String: String]? = nil)
  /// Has correlated randomness dealt for so many queries on a model; for the last of additive parties.
  case prepare(model: String, batch: Int, runs: Int)
  /// How the party is; what follows is only there to take time on its way.
  case health
  /// What the party finds on its ways to the others and to the dealer; measured once in a while.
  case links
  /// How pages reach the party.
  case page
  /// Forgets a model.
  case withdraw(model: String)
  /// Rows of one owner, to be put behind those that are there; their parcel follows.
  case rows(RowsHeader)
  /// How many rows there are of a data set, of the owners with these names in their certificates.
  case count(dataset: String, owners: [String])
  /// Trains on the rows of these owners; the parcel of the first weights follows.
  case train(id: String, dataset: String, owners: [String], TrainingProgram)
  /// Goes on with a training from its last common checkpoint.
  case resume(id: String, TrainingProgram)
  /// The key that workers seal shares for this party to; of a coordinator, as what follows.
  case aggregationKey
  /// Begins to take in shares for a sum.
  case collect(SharedSum)
  /// A worker's shares for that sum, by its place in it; its box follows.
  case contribution(worker: Int, SealedPart)
  /// Adds up what came, if so many are left.
  case aggregate(id: String, needed: Int)

  static let version = 8
}

/// What a party answers.
enum Reply: Codable, Sendable {
  case welcome(party: Int, version: Int)
  case shared
  case withdrawn
  case models([ModelListing])
  case health(PartyHealth)
  case links([LinkReport])
  case page(PartyPage)
  /// This party's summand of the result follows. Cost is what this party sent and the rounds it went through.
  case answer(rounds: Int, bytesSent: Int, dealtBytes: Int, seconds: Double)
  /// The parties wait for their dealer; the answer is still to come.
  case waiting(DealerProgress)
  /// Queries can begin; the dealer took so long for one.
  case prepared(secondsPerRun: Double)
  case stored
  /// Training and test rows of each owner; those who have shared none yet count none.
  case counts(training: [Int], test: [Int])
  /// A training goes on; so many steps are done.
  case training(step: Int)
  /// An epoch is done; this party's summand of its losses follows, if they are revealed.
  case epoch(Int)
  /// This party's summands of the weights follow, if they are revealed.
  case trained(TrainingFigures)
  case aggregationKey(PartyCredential)
  /// Why a worker's shares cannot be used, if they cannot.
  case contribution(fault: String?)
  /// Who is in the sum and whose vector was too long, by place; this party's summand follows, if enough were left.
  case aggregated(accepted: [Int], tooLong: [Int], bytesSent: Int)
  /// `exitCode` tells a refusal from a fault of a peer, as the command line does.
  case refused(reason: String, exitCode: Int)
  /// Another party refuses the request, and says why itself.
  case declined(by: Int)
}

/// How a party is, as it says itself.
struct PartyHealth: Codable, Sendable {
  /// Its clock, in seconds since 1970.
  var time: Double
  /// Of the program.
  var version: String
  /// Why it has no session with the other parties, if it has none.
  var sessionFault: String?
}

/// How many runs a dealer has prepared, of so many that were asked for.
public struct DealerProgress: Hashable, Sendable, Codable, CustomStringConvertible {
  public var ready: Int
  public var wanted: Int

  public var description: String { "waiting for the dealer: \(ready) of \(wanted) runs ready" }
}

/// Why a request cannot be served; never what was asked.
public enum ServingError: Error, Hashable, Sendable, CustomStringConvertible {
  case malformedMessage
  case wrongVersion(found: Int)
  case unexpectedReply(party: Int)
  case unknownModel(String)
  case badRequest(String)
  /// The terms of a model, or what its owner alone may do.
  case policy(String)
  /// More was asked for than a party can take at the moment.
  case busy(String)
  /// Another party refuses a request.
  case declined(by: Int)
  /// The client of a query went away before it ran.
  case abandoned
  /// A party could not do its part.
  case refused(party: Int, reason: String, exitCode: Int)
  case queryMissing(id: String)
  case sessionBroken(String)
  /// A party deviated from the protocol; no output was released.
  case cheated(String)
  case partyExited(Int, status: Int32, log: String)
  /// A party is not heard of any more, while the others have given up.
  case partySilent(Int, others: String)
  case dealerExited(status: Int32, log: String)
  /// The dealer cannot be reached, or does not deal.
  case dealerFails(String)
  case storage(String, reason: String)
  /// A key or a share is not of whom it should be.
  case untrusted(String)

  public var description: String {
    switch self {
    case .malformedMessage: "a message could not be read: is the other end a Tacit program of the same version?"
    case .wrongVersion(let found):
      "the other end speaks version \(found) of the protocol, this program version \(Request.version): update the older"
    case .unexpectedReply(let party): "party \(party) answered something else than was asked"
    case .unknownModel(let model): "no model \"\(model)\" is shared here: share it first"
    case .badRequest(let why), .policy(let why), .busy(let why): why
    case .declined(let party): "party \(party) refuses the request"
    case .refused(let party, let reason, _): "party \(party) says: \(reason)"
    case .abandoned: "the client went away before its query ran"
    case .queryMissing(let id): "the client did not bring its shares of query \(id) to all parties in time"
    case .cheated(let why): why
    case .sessionBroken(let why): "the session of the parties broke: \(why)"
    case .partyExited(let party, let status, let log):
      "the process of party \(party) ended with status \(status)\(log.isEmpty ? "" : ": \(log)")"
    case .partySilent(let party, let others): "party \(party) hangs or is cut off: nothing comes from it, and \(others)"
    case .dealerExited(let status, let log):
      "the process of the dealer ended with status \(status)\(log.isEmpty ? "" : ": \(log)")"
    case .dealerFails(let why): "the dealer does not deal: \(why)"
    case .storage(let path, let reason): "\(path) cannot be used: \(reason)"
    case .untrusted(let why): why
    }
  }

  /// The session broke for that reason.
  package static func breaking(_ error: any Error) -> ServingError {
    if let error = error as? ServingError, case .sessionBroken = error { return error }
    if (error as? SharingError)?.cheat != nil { return .cheated("\(error)") }
    return .sessionBroken("\(error)")
  }

  static let integrityExitCode = 5

  /// The command line's exit code for it: 2 bad input, 3 a peer or the network, 4 a policy, 5 integrity.
  public var exitCode: Int {
    switch self {
    case .unknownModel, .badRequest, .storage: 2
    case .policy, .declined: 4
    case .untrusted, .cheated: Self.integrityExitCode
    case .refused(_, _, let exitCode): exitCode
    case .malformedMessage, .wrongVersion, .unexpectedReply, .queryMissing, .abandoned, .sessionBroken, .partyExited,
      .partySilent,
      .dealerExited, .dealerFails, .busy:
      3
    }
  }
}
