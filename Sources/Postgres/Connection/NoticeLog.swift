internal import CLibpq
internal import Logging

/// Turns the server's notices into log lines; libpq would print them to standard error.
final class NoticeLog {
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    static let receive: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Void = { context, result in
        guard let context, let result else { return }
        let notice = PostgresError(result: result)
        let logger = Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue().logger
        let isWarning = notice.sqlState?.hasPrefix("01") ?? false
        logger.log(
            level: isWarning ? .warning : .debug, "server notice",
            metadata: ["message": "\(notice.message)", "sqlstate": "\(notice.sqlState ?? "")"])
    }
}
