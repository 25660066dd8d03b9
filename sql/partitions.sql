-- Protected partitioned tables.

ALTER TABLE docacl.protected_table ADD COLUMN partitions jsonb;
COMMENT ON COLUMN docacl.protected_table.partitions IS 'The row security that each partition had before, by its name.';
