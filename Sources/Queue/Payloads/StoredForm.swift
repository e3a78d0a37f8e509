/// How a payload stands in its column, told by its first bytes: the server prints jsonb in one way only.
package enum StoredForm {
    /// As it is: nearly all.
    case plain
    /// A reference to a blob.
    case reference
    /// Encrypted.
    case sealed

    package init(_ bytes: [UInt8]) {
        if bytes.starts(with: "{\"$blob\": {".utf8) {
            self = .reference
        } else if bytes.starts(with: "{\"$enc\": {".utf8) {
            self = .sealed
        } else {
            self = .plain
        }
    }
}
