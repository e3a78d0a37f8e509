/// The rows of a result, in the server's order.
public struct PostgresRows: RandomAccessCollection, Sendable {
    let storage: PostgresResult.Storage

    public var startIndex: Int { 0 }
    public var endIndex: Int { storage.rowCount }

    public subscript(position: Int) -> PostgresRow {
        precondition(position >= 0 && position < storage.rowCount, "row \(position) of \(storage.rowCount)")
        return PostgresRow(storage: storage, index: position)
    }
}
