/// A piece of what a user says.
public enum ContentPart: Sendable, Hashable {
    case text(String)
    /// An image by its bytes, the form that every server accepts.
    case image(mediaType: String, base64: String)
    /// An image that the server fetches.
    case imageURL(String)
}

extension ContentPart: Codable {
    private enum Key: String, CodingKey {
        case text
        case mediaType = "media_type"
        case base64
        case imageURL = "image_url"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let text = try container.decodeIfPresent(String.self, forKey: .text) {
            self = .text(text)
        } else if let url = try container.decodeIfPresent(String.self, forKey: .imageURL) {
            self = .imageURL(url)
        } else {
            self = .image(
                mediaType: try container.decode(String.self, forKey: .mediaType),
                base64: try container.decode(String.self, forKey: .base64))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .text(let text):
            try container.encode(text, forKey: .text)
        case .image(let mediaType, let base64):
            try container.encode(mediaType, forKey: .mediaType)
            try container.encode(base64, forKey: .base64)
        case .imageURL(let url):
            try container.encode(url, forKey: .imageURL)
        }
    }
}
