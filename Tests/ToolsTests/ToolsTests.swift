import Testing

@testable import Tools
