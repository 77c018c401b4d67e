// NodeControlTests: placeholder until its first test lands.
