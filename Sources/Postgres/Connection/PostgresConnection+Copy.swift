extension PostgresConnection {
    /// Loads rows into a table with a binary COPY, which is the fastest way in, and returns how many it took.
    ///
    /// `table` may be qualified as `schema.table`; it and `columns` are quoted here, so
    /// their case counts. `rows` appends each row to the
    /// writer; when it throws or is cancelled, no row stays. `deadline` holds for each piece that is sent, not for
    /// the whole.
    public nonisolated func copyIn(
        _ table: String, columns: [String], deadline: Duration? = nil,
        rows: (PostgresCopyWriter) async throws -> Void
    ) async throws -> Int {
        let names = columns.map { $0.quotedIdentifier }.joined(separator: ", ")
        let target = table.split(separator: ".").map { String($0).quotedIdentifier }.joined(separator: ".")
        try await beginCopy("COPY \(target) (\(names)) FROM STDIN (FORMAT binary)", deadline: deadline)
        do {
            let writer = PostgresCopyWriter(self, columns: columns.count, deadline: deadline)
            try await rows(writer)
            return try await writer.finish()
        } catch {
            try? await failCopy("the sender gave up")
            throw error
        }
    }

    private func beginCopy(_ sql: String, deadline: Duration?) async throws {
        try await interruptible { session in
            var operation = operation(deadline)
            try session.beginCopy(sql, &operation)
        }
    }

    func sendCopy(_ bytes: [UInt8], deadline: Duration?) async throws {
        try await interruptible { session in
            var operation = operation(deadline)
            try session.sendCopy(bytes, &operation)
        }
    }

    func endCopy(deadline: Duration?) async throws -> Int {
        try await interruptible { session in
            var operation = operation(deadline)
            return try session.endCopy(&operation)
        }
    }

    private func failCopy(_ reason: String) throws {
        try openSession().failCopy(reason)
    }
}
