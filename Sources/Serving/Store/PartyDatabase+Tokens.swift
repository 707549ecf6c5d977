import Foundation
import GRDB

/// Which tokens of pages were used.
extension PartyDatabase {
  func isUsed(_ token: PageToken) throws -> Bool {
    try read { try Bool.fetchOne($0, sql: "SELECT 1 FROM tokens WHERE id = ?", arguments: [token.id]) ?? false }
  }

  /// Whether the token was not used before; it is from now on. Those that have expired for a day are forgotten: their
  /// date refuses them.
  func use(_ token: PageToken, at now: Date = Date()) throws -> Bool {
    try write { db in
      try db.execute(sql: "DELETE FROM tokens WHERE expires < ?", arguments: [now.timeIntervalSince1970 - 86_400])
      try db.execute(
        sql: "INSERT OR IGNORE INTO tokens (id, expires) VALUES (?, ?)", arguments: [token.id, token.expires])
      return db.changesCount == 1
    }
  }
}
