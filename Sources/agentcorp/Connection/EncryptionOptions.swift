import ArgumentParser
import Encryption
import FoundationEssentials

/// Where the keys come from that payloads are encrypted with.
struct EncryptionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Encrypt and decrypt payloads with the keys in this file, one id:base64 a line; the first encrypts.",
            valueName: "file"))
    var encryptionKeys: String?

    /// By flag, environment or configuration file; nil when payloads are plain.
    func keys() throws -> EncryptionKeys? {
        let environment = ProcessInfo.processInfo.environment
        if let encryptionKeys { return try EncryptionKeys.read(file: encryptionKeys) }
        if let text = environment.nonEmpty(Self.variable) {
            return try EncryptionKeys(parsing: text, source: Self.variable)
        }
        return try ConfigurationFile.read(environment: environment).encryptionKeys.map {
            try EncryptionKeys.read(file: $0)
        }
    }

    /// By flag, environment or configuration file; nil when payloads are plain.
    func cipher() throws -> AESGCMCipher? { try keys().map { AESGCMCipher($0) } }

    private static let variable = "AGENTCORP_ENCRYPTION_KEYS"
}
