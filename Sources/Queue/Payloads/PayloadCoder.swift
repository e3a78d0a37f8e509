package import Postgres

/// Takes payloads through the cipher on their way into the database and out of it. Without a cipher they pass as they are.
package struct PayloadCoder: Sendable {
    /// The largest payload that stands in its column; the server measures again.
    package static let inlineLimit = 262_144

    package let cipher: (any PayloadCipher)?

    package init(_ cipher: (any PayloadCipher)? = nil) {
        self.cipher = cipher
    }

    package func seal(_ document: PostgresJSON, for purpose: PayloadPurpose) throws -> PostgresJSON {
        guard let cipher else { return document }
        // The server will not see what is in it: malformed JSON must be found here.
        var scanner = JSONScanner(document.bytes)
        try scanner.document()
        return try cipher.seal(document.bytes, for: purpose).json
    }

    /// Encrypts the `args` of a task in JSON, or of an array of tasks, and of all their subtasks.
    package func seal(tasks document: PostgresJSON) throws -> PostgresJSON {
        guard cipher != nil else { return document }
        var scanner = JSONScanner(document.bytes)
        var result: [UInt8] = []
        var copied = 0
        for range in try scanner.arguments() {
            result += document.bytes[copied..<range.lowerBound]
            result += try seal(PostgresJSON(Array(document.bytes[range])), for: .args).bytes
            copied = range.upperBound
        }
        return PostgresJSON(result + document.bytes[copied...])
    }

    package func open(_ stored: [UInt8], for purpose: PayloadPurpose) throws -> [UInt8] {
        guard let sealed = SealedPayload(stored: stored) else { return stored }
        return try open(sealed, for: purpose)
    }

    func open(_ stored: JSONValue, for purpose: PayloadPurpose) throws -> JSONValue {
        guard let sealed = SealedPayload(stored) else { return stored }
        return try JSONCoding.decode(try open(sealed, for: purpose))
    }

    private func open(_ sealed: SealedPayload, for purpose: PayloadPurpose) throws -> [UInt8] {
        guard let cipher else { throw QueueError.missingKey(sealed.keyID) }
        return try cipher.open(sealed, for: purpose)
    }
}

extension QueueError {
    /// The payload cannot be read here, but may be where the key is.
    public static func missingKey(_ id: String) -> QueueError {
        QueueError(
            .missingKey, "the payload is encrypted with the key \"\(id)\", which is not known here",
            hint: "Give it with --encryption-keys or AGENTCORP_ENCRYPTION_KEYS.")
    }
}
