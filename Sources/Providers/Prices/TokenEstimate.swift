internal import JSON

/// How many tokens a request may take at most, for reservations before it is made.
///
/// Tokens of input are guessed as a third of the bytes of everything that is sent, two thirds of those in long runs of
/// letters and digits (hashes, base64), and a fixed number for each message, tool and image. Tokenizers differ; English
/// has four bytes and more to a token, code and JSON about three, base64 one and a half. So the guess is high for most
/// conversations, but no promise: settle with what the provider reports.
public struct TokenEstimate: Sendable, Hashable {
    public var input: Int
    /// The request's limit; without one the model's, without that `defaultOutput`.
    public var output: Int

    public static let defaultOutput = 8192

    /// What the provider would count for an image that is not scaled down, about.
    private static let image = 1600

    /// Around a call, a result or a schema, in thirds of a token.
    private static let frame = 24

    /// Longer runs of letters and digits are no words.
    private static let longestWord = 32

    public init(_ request: ChatRequest, price: ModelPrice? = nil) {
        var thirds = Self.thirds(request.system ?? "")
        var tokens = 16
        for message in request.messages {
            tokens += 8
            switch message {
            case .user(let parts):
                for part in parts {
                    if case .text(let text) = part { thirds += Self.thirds(text) } else { tokens += Self.image }
                }
            case .assistant(let message):
                if let native = message.native {
                    thirds += Self.thirds(native.content.text)
                } else {
                    thirds += Self.thirds(message.text ?? "") + Self.thirds(message.refusal ?? "")
                    for call in message.toolCalls {
                        thirds += Self.thirds(call.rawArguments) + Self.thirds(call.name) + Self.frame
                    }
                }
            case .toolResults(let results):
                for result in results { thirds += Self.thirds(result.content) + Self.frame }
            }
        }
        for tool in request.tools {
            tokens += 16
            thirds += Self.thirds(tool.name) + Self.thirds(tool.description) + Self.thirds(tool.parameters.text)
        }
        if let schema = request.outputSchema { thirds += Self.thirds(schema.schema.text) + Self.frame }
        input = tokens + (thirds + 2) / 3
        output = request.maxOutputTokens ?? price?.maxOutput ?? Self.defaultOutput
    }

    /// What counts against a budget of tokens.
    public var total: Int { input + output }

    /// The most that it may cost: nothing comes from the cache, and all of it is written there.
    public func cost(_ price: ModelPrice) -> USD {
        let cacheWrite = (price.cacheWrite ?? price.input) > price.input ? input : 0
        return price.cost(of: TokenUsage(input: input, output: output, cacheWrite: cacheWrite))
    }

    /// How many thirds of a token a text has.
    private static func thirds(_ text: String) -> Int {
        var thirds = 0
        var run = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                run += 1
            default:
                thirds += run > longestWord ? 2 * run + 1 : run + 1
                run = 0
            }
        }
        return thirds + (run > longestWord ? 2 * run : run)
    }
}
