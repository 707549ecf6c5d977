import Federation
import Foundation
import GRDB

/// An update in the buffer of an asynchronous training.
struct BufferedUpdate: Sendable {
  let worker: String
  let attempt: Int
  /// The round whose model it was computed on.
  let round: Int
  let update: Update
  let header: VectorHeader
}

/// What of an asynchronous training would be lost with the coordinator.
extension RunDatabase {
  func keep(_ update: BufferedUpdate, of job: String) throws(CoordinationError) {
    try write { db in
      try db.execute(
        sql: "INSERT INTO buffered (job, attempt, worker, round, header, vector) VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [
          job, update.attempt, update.worker, update.round, try JSONEncoder().encode(update.header),
          Data(FloatBytes.bytes(of: update.update.vector)),
        ])
    }
  }

  /// In the order in which they came. A commit of a round removes them.
  func buffered(of job: String) throws(CoordinationError) -> [BufferedUpdate] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM buffered WHERE job = ? ORDER BY rowid", arguments: [job]).map { row in
        let header = try JSONDecoder().decode(VectorHeader.self, from: row["header"])
        guard let vector = FloatBytes.values(of: [UInt8](row["vector"] as Data)) else {
          throw CoordinationError.state(
            path: path, reason: "an update in it is damaged; go back to a copy of the state")
        }
        return BufferedUpdate(
          worker: row["worker"], attempt: row["attempt"], round: row["round"],
          update: Update(vector: vector, exampleCount: header.examples, loss: header.loss), header: header)
      }
    }
  }
}
