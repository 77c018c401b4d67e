// TLSTests: placeholder until its first test lands.
