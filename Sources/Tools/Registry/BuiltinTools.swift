/// The tools that come with the engine and need no database.
enum BuiltinTools {
    static let all: [Tool] = []
}
