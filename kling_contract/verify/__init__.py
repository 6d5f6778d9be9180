"""What holds documents, servers and recorded traffic against the contract."""
