"""The commands of the console script smpp-connector."""
