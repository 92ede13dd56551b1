"""The soak: half an hour of traffic whose links are cut each minute, and nothing that grows."""
