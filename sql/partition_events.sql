-- What DDL does to protected partitioned tables: a new partition is protected at once, whoever made it; one that was
-- detached stays protected, as a table of its own.

CREATE FUNCTION docacl.follow_partitions() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'docacl_follow_partitions';
REVOKE ALL ON FUNCTION docacl.follow_partitions() FROM PUBLIC;
COMMENT ON FUNCTION docacl.follow_partitions() IS 'Protects new partitions of protected tables, and keeps detached ones protected.';
CREATE EVENT TRIGGER docacl_follow_partitions ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA', 'ALTER TABLE')
    EXECUTE FUNCTION docacl.follow_partitions();
ALTER EVENT TRIGGER docacl_follow_partitions ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER docacl_follow_partitions IS 'Protects new partitions of protected tables, and keeps detached ones protected.';
