"""PostgreSQL: correlations of accepted segments, receipts that wait for theirs, and the migrations of both tables."""
