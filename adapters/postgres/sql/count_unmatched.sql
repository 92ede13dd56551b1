SELECT operator_id, count(*) FROM smpp.unmatched_receipts GROUP BY operator_id;
