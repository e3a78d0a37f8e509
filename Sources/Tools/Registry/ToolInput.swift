public import JSON

/// The arguments of a tool as a Swift type.
///
///     struct WeatherInput: ToolInput {
///         let city: String
///         let days: Int?
///
///         static let schema = JSONSchema.object(
///             ["city": .string("the city"), "days": .integer("how many days", in: 1...10)], required: ["city"])
///     }
public protocol ToolInput: Decodable, Sendable {
    /// What the model is told, and what is checked before the type is decoded; its top is an object.
    static var schema: JSONSchema { get }
}

/// For a tool that takes no arguments.
public struct NoInput: ToolInput {
    public static let schema = JSONSchema.object([:])
}
