DELETE FROM smpp.unmatched_receipts WHERE receipt_id = ANY ($1::bigint[]);
