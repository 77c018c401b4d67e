// The bytes of every sample frame, per protocol version. A line may be added, never changed.

enum GoldenBytes {
    static let version1: [String] = []
}
