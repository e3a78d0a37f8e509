import ArgumentParser
import EmbeddedPostgres
import Encryption
import Glibc
import MCP
import Postgres
import Queue
import Tools

/// Turns whatever a command threw into one message and an exit code.
enum Failure {
    /// Prints the message, to stdout when it is help that was asked for, and says how to exit.
    static func report(_ error: any Error) -> ExitStatus {
        switch error {
        case let status as ExitStatus: return status
        case let error as CommandError: return say(error.message, error.status)
        case let error as QueueError: return say(sentences(error.message, error.hint), status(of: error.code))
        case let error as PostgresError: return say(sentence(error), status(of: error))
        case let error as EmbeddedPostgresError:
            return say(error.description, error.code == .inUse ? .conflict : .cannotConnect)
        case let error as EncryptionError: return say(sentences(error.message, error.hint), .badInput)
        case let error as MCPError: return say(error.message, status(of: error.code))
        case let error as ToolError: return say(error.description, .taskFailed)
        case is CancellationError: return .interrupted
        default: return reportParsing(error)
        }
    }

    private static func say(_ message: String, _ status: ExitStatus) -> ExitStatus {
        Terminal.errors.note(.red, "error", message)
        return status
    }

    private static func reportParsing(_ error: any Error) -> ExitStatus {
        let code = AgentCorp.exitCode(for: error)
        let message = AgentCorp.fullMessage(for: error)
        if code.isSuccess {
            Terminal.output.write(message + "\n")
            return .success
        }
        guard code == .validationFailure else { return say("\(error)", .unexpected) }
        if let message = CommandNames.explainUnknown(
            CommandLine.arguments, isUnexpected: message.contains("nexpected argument"))
        {
            return say(message, .badInput)
        }
        let text = message.trimmingPrefix("Error: ")
        return say(text.prefix(1).lowercased() + text.dropFirst(), .badInput)
    }

    private static func status(of code: MCPError.Code) -> ExitStatus {
        switch code {
        case .configuration: .badInput
        case .cannotStart, .connectionLost, .timeout, .authentication, .status, .unsupportedVersion: .cannotConnect
        case .refused, .protocolViolation, .tooLarge, .closed: .unexpected
        }
    }

    private static func status(of code: QueueError.Code) -> ExitStatus {
        switch code {
        case .unknownTask, .unknownQueue: .notFound
        case .cycle, .invalidValue, .tooLarge, .malformedJSON: .badInput
        case .keyTaken, .wrongState, .leaseLost, .workerDead: .conflict
        case .missingKey, .undecryptable: .unexpected
        case .schemaMismatch, .unsuitableServer: .schemaMismatch
        }
    }

    private static func status(of error: PostgresError) -> ExitStatus {
        if error.isConnectionLoss || error.code == .poolTimeout { return .cannotConnect }
        // 22: data that the server cannot read, as a JSON string with a lone surrogate.
        if error.code == .invalidValue || error.sqlState?.hasPrefix("22") == true { return .badInput }
        return error.code == .cancelled ? .interrupted : .unexpected
    }

    private static func sentence(_ error: PostgresError) -> String {
        switch error.code {
        case .server, .invalidValue:
            sentences(error.message, error.detail ?? "", error.hint ?? "")
        case .connectionLost:
            "the connection to the server broke: \(error.message). Look at the result before you retry."
        default: error.message
        }
    }

    /// Puts what happened and what to do about it in one line.
    private static func sentences(_ parts: String...) -> String {
        let parts = parts.filter { !$0.isEmpty }.enumerated().map { index, part in
            index == 0 ? part : part.prefix(1).uppercased() + part.dropFirst()
        }
        return parts.joined(separator: ". ").replacing("?. ", with: "? ").replacing(".. ", with: ". ")
    }
}
