import FoundationEssentials
import Testing

@testable import Agents

/// A folder of agents for the time of a test.
final class AgentScratch {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/agents-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ name: String, _ text: String) throws {
        try write(name, Array(text.utf8))
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = "\(path)/\(name)"
        let folder = file[..<file.lastIndex(of: "/")!]
        try FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: file))
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
    }

    /// What is wrong, each as `file pointer: message. advice`, with files as they are named in the folder.
    func issues(_ vocabulary: AgentVocabulary = .any) -> [String] {
        AgentFolder(reading: path, vocabulary: vocabulary).issues.map { "\($0)".replacing(path + "/", with: "") }
    }

    /// The only agent.
    func agent(_ vocabulary: AgentVocabulary = .any) throws -> AgentConfig {
        let agents = try AgentFolder.load(path, vocabulary: vocabulary)
        try #require(agents.count == 1)
        return agents[0]
    }
}
