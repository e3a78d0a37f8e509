public import Logging

/// Removes secrets from everything that is logged, before another handler writes it.
public struct ScrubbingLogHandler: LogHandler {
    private var handler: any LogHandler
    private let scrubber: SecretScrubber

    public init(_ handler: any LogHandler, scrubber: SecretScrubber) {
        self.handler = handler
        self.scrubber = scrubber
    }

    public var logLevel: Logger.Level {
        get { handler.logLevel }
        set { handler.logLevel = newValue }
    }

    public var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = scrub(newValue) }
    }

    public var metadataProvider: Logger.MetadataProvider? {
        get { handler.metadataProvider }
        set { handler.metadataProvider = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue.map(scrub) }
    }

    public func log(event: LogEvent) {
        var event = event
        event.message = "\(scrubber.scrub(event.message.description))"
        event.metadata = event.metadata.map(scrub)
        event.error = event.error.map { ScrubbedError(description: scrubber.scrub("\($0)")) }
        handler.log(event: event)
    }

    private func scrub(_ metadata: Logger.Metadata) -> Logger.Metadata { metadata.mapValues(scrub) }

    private func scrub(_ value: Logger.Metadata.Value) -> Logger.Metadata.Value {
        switch value {
        case .string(let text): .string(scrubber.scrub(text))
        case .stringConvertible(let convertible): .string(scrubber.scrub(convertible.description))
        case .array(let values): .array(values.map(scrub))
        case .dictionary(let values): .dictionary(scrub(values))
        }
    }
}

/// The description of an error, without secrets.
private struct ScrubbedError: Error, CustomStringConvertible {
    let description: String
}
