import FoundationEssentials
import TestSupport
import Testing

@testable import Agents

extension Scratch {
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
