internal import JSON

/// How many tokens a request may take at most, for reservations before it is made.
///
/// Tokens of input are guessed as a third of the bytes of everything that is sent, and a fixed number for each message,
/// tool and image. English has about four bytes a token, code three, Chinese about two and a half in UTF-8; so the
/// guess is high for most texts, and low by a fifth at worst. Settle with what the provider reports.
public struct TokenEstimate: Sendable, Hashable {
    public var input: Int
    /// The request's limit; without one the model's, without that `defaultOutput`.
    public var output: Int

    public static let defaultOutput = 8192

    /// What the provider would count for an image that is not scaled down, about.
    private static let image = 1600

    public init(_ request: ChatRequest, price: ModelPrice? = nil) {
        var bytes = request.system?.utf8.count ?? 0
        var tokens = 16
        for message in request.messages {
            tokens += 8
            switch message {
            case .user(let parts):
                for part in parts {
                    if case .text(let text) = part { bytes += text.utf8.count } else { tokens += Self.image }
                }
            case .assistant(let message):
                if let native = message.native {
                    bytes += native.content.bytes.count
                } else {
                    bytes += (message.text?.utf8.count ?? 0) + (message.refusal?.utf8.count ?? 0)
                    for call in message.toolCalls { bytes += call.rawArguments.utf8.count + call.name.utf8.count + 24 }
                }
            case .toolResults(let results):
                for result in results { bytes += result.content.utf8.count + 24 }
            }
        }
        for tool in request.tools {
            tokens += 16
            bytes += tool.name.utf8.count + tool.description.utf8.count + tool.parameters.bytes.count
        }
        if let schema = request.outputSchema { bytes += schema.schema.bytes.count + 24 }
        input = tokens + (bytes + 2) / 3
        output = request.maxOutputTokens ?? price?.maxOutput ?? Self.defaultOutput
    }

    /// What counts against a budget of tokens.
    public var total: Int { input + output }

    /// The most that it may cost: nothing comes from the cache, and all of it is written there.
    public func cost(_ price: ModelPrice) -> USD {
        let cacheWrite = (price.cacheWrite ?? price.input) > price.input ? input : 0
        return price.cost(of: TokenUsage(input: input, output: output, cacheWrite: cacheWrite))
    }
}
