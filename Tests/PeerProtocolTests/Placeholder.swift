// PeerProtocolTests: placeholder until its first test lands.
