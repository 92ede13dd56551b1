"""Back-pressure: what the service holds while its database is slow, or receipts come faster than it can store them."""
