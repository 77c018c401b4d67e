// The places that client connections take, so that an answer finds its connection without a search.

/// Connections by place. Places are used again, each use under another number.
struct ClientTable {
    private var places: [ClientConnection?] = []
    private var free: [Int] = []
    private var uses: UInt64 = 0
    private(set) var count = 0

    subscript(place: Int) -> ClientConnection? { place < places.count ? places[place] : nil }

    /// Takes a place for the connection that `make` builds from the place and the number of this use.
    mutating func add<Failure: Error>(
        _ make: (_ place: Int, _ use: UInt64) throws(Failure) -> ClientConnection
    ) throws(Failure) -> ClientConnection {
        let place = free.last ?? places.count
        uses += 1
        let connection = try make(place, uses)
        if free.isEmpty { places.append(connection) } else { places[free.removeLast()] = connection }
        count += 1
        return connection
    }

    mutating func remove(_ connection: ClientConnection) {
        guard places[connection.place] === connection else { return }
        places[connection.place] = nil
        free.append(connection.place)
        count -= 1
    }

    func forEach(_ body: (ClientConnection) -> Void) {
        for case let connection? in places { body(connection) }
    }
}
