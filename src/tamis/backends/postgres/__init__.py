"""PostgreSQL: a history that several machines share."""
