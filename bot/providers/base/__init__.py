"""What every provider is made of: the contract, the HTTP client, credentials, redaction and the simulator."""
