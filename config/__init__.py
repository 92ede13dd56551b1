"""Settings of the service and of its operators."""
