internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// A request that got no answer, or not all of it.
package enum ConnectionFailure {
    /// Why, in a few words without a full stop.
    package static func description(of error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.last.map { description(of: $0.error) } ?? "cannot find the host \(error.host)"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as HTTPClientError: error.shortDescription.lowercased()
        case _ where isAboutTLS(error):
            // OpenSSL's names are in capitals: CERTIFICATE_VERIFY_FAILED.
            "no TLS connection"
                + ("\(error)".split { !$0.isUppercase && $0 != "_" }.first { $0.count > 12 }.map { ", \($0)" } ?? "")
        default: String("\(error)".prefix(200))
        }
    }

    /// Whether the server was not who it should be, or speaks no TLS.
    package static func isAboutTLS(_ error: any Error) -> Bool {
        "\(type(of: error))".contains("SSL") || error as? HTTPClientError == .tlsHandshakeTimeout
    }
}
