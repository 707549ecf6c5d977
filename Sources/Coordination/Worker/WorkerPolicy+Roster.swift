import Identity
import SecureAggregation

extension WorkerPolicy {
  /// The keys of the workers whose certificates the roster names.
  ///
  /// - Throws: `IdentityError` where one cannot be read.
  func members() throws(IdentityError) -> Roster {
    var members: Roster = [:]
    for path in roster {
      let member = try CertifiedKey.load(from: path)
      members[ClientID(member.name)] = member.key
    }
    return members
  }
}
