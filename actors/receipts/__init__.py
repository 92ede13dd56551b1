"""ReceiptPublisher: receipts and messages from handsets on their way to JetStream."""
