internal import Postgres

extension TaskManager {
    /// How many payloads are encrypted with which key. Looks at every stored payload.
    public func keyUsage() async throws -> [KeyUsage] {
        let result = try await database.call(
            "select to_jsonb(u) from agentcorp.key_usage() u", deadline: Self.treeDeadline)
        return try result.rows.map { row throws in try JSONCoding.decode(try row.bytes(0)) }
    }

    /// Encrypts with the active key what is encrypted with others, while workers run that know both.
    ///
    /// It may be stopped at any moment, and goes on with what is left when it is called again.
    /// - Parameter progress: Called after each batch with what was done so far.
    public func rotateKeys(batch: Int = 100, progress: (KeyRotation) -> Void = { _ in }) async throws -> KeyRotation {
        guard let cipher = coder.cipher else {
            throw QueueError(.invalidValue, "there are no keys to rotate to", hint: "Make the manager with a cipher.")
        }
        var rotation = KeyRotation()
        for shard in try await database.shards() {
            for kind in SealedRow.Kind.allCases {
                var place: (id: Int64, name: String)? = (0, "")
                while let after = place {
                    let (rows, next) = try await sealedPayloads(kind, shard, cipher.activeKey, after, batch)
                    rotation.encrypted += try await reseal(rows, kind, shard, cipher, &rotation.unreadable)
                    if !rows.isEmpty { progress(rotation) }
                    place = next
                }
            }
        }
        return rotation
    }

    private func sealedPayloads(
        _ kind: SealedRow.Kind, _ shard: Int16, _ activeKey: String, _ after: (id: Int64, name: String), _ limit: Int
    ) async throws -> (rows: [SealedRow], next: (id: Int64, name: String)?) {
        let result = try await database.call(
            """
            select p.scanned_to, p.scanned_name, u.* from agentcorp.sealed_payloads($1, $2, $3, $4, $5, $6) p
            left join lateral unnest(p.task_ids, p.names, p.stored) u(id, name, stored) on true
            """, [kind.rawValue, shard, activeKey, after.id, after.name, Int32(clamping: limit)])
        var rows: [SealedRow] = []
        for row in result.rows {
            guard let task = try row.int64OrNil(2) else { continue }
            rows.append(SealedRow(task: task, name: try row.string(3), stored: PostgresJSON(try row.bytes(4))))
        }
        let first = result.rows[0]
        return (rows, try first.int64OrNil(0).map { ($0, try first.string(1)) })
    }

    private func reseal(
        _ rows: [SealedRow], _ kind: SealedRow.Kind, _ shard: Int16, _ cipher: any PayloadCipher,
        _ unreadable: inout Int
    ) async throws -> Int {
        var readable: [SealedRow] = []
        var renewed: [PostgresJSON] = []
        for row in rows {
            let purpose = kind.purpose(of: row)
            do {
                let document = try coder.open(try await content(of: row, shard), for: purpose)
                renewed.append(try cipher.seal(document, for: purpose).json)
                readable.append(row)
            } catch let error as QueueError where error.code == .missingKey || error.code == .undecryptable {
                unreadable += 1
            } catch let error as PostgresError where error.sqlState == "XX001" {
                // The task was pruned since its row was read, and the blob with it.
                continue
            }
        }
        guard !readable.isEmpty else { return 0 }
        let result = try await database.call(
            "select agentcorp.reseal($1, $2, $3, $4, $5, $6)",
            [kind.rawValue, shard, readable.map(\.task), readable.map(\.name), readable.map(\.stored), renewed])
        return Int(try result.rows[0].int32(0))
    }

    private func content(of row: SealedRow, _ shard: Int16) async throws -> [UInt8] {
        guard StoredForm(row.stored.bytes) == .reference else { return row.stored.bytes }
        return try await database.call("select agentcorp.payload($1, $2)", [row.stored, shard]).rows[0].bytes(0)
    }
}
