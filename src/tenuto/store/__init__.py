"""PostgreSQL, transactions, migrations, blobs, outbox, leases. Knows no word of the domain."""
