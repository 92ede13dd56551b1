"""What a scrape of /metrics costs the main process."""
