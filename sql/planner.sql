-- What the planner is told of docacl.row_check: how many rows it lets through, and which index condition it implies.

CREATE INDEX resource_below ON docacl.resource (parent_id) WHERE parent_id IS NOT NULL AND kind <> 'document';

-- In index conditions, so everybody may execute them; they tell whoever calls them what is open to himself.
CREATE FUNCTION docacl.open_ids(wanted bigint, reference text) RETURNS bigint[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_open_ids';
COMMENT ON FUNCTION docacl.open_ids(bigint, text) IS 'The ids, or integer keys, of every resource of a gate that lets any of the wanted actions through for who is asking. In the index conditions that the planner derives from row_check. 55000 for system.';
CREATE FUNCTION docacl.open_uuids(wanted bigint, reference text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_open_uuids';
COMMENT ON FUNCTION docacl.open_uuids(bigint, text) IS 'As docacl.open_ids for keys of type uuid.';
CREATE FUNCTION docacl.open_texts(wanted bigint, reference text) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_open_texts';
COMMENT ON FUNCTION docacl.open_texts(bigint, text) IS 'As docacl.open_ids for keys of type text.';

CREATE FUNCTION docacl.row_check_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_row_check_support';
COMMENT ON FUNCTION docacl.row_check_support(internal) IS 'Planner support of docacl.row_check: selectivity and index conditions.';
ALTER FUNCTION docacl.row_check(bigint, text, "any") SUPPORT docacl.row_check_support;

-- Beside row_check where whoever asks sees few rows. True whatever it is called with; to the planner the index condition
-- column = ANY (docacl.open_…(wanted, what)).
CREATE FUNCTION docacl.row_may_open(wanted bigint, what text, "any") RETURNS boolean
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_row_may_open';
COMMENT ON FUNCTION docacl.row_may_open(bigint, text, "any") IS 'True. In plans of queries on protected tables, beside docacl.row_check, which decides: says to the planner by which index the rows are found.';
CREATE FUNCTION docacl.row_may_open_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_row_may_open_support';
-- The planner asks nobody's right to execute it.
REVOKE ALL ON FUNCTION docacl.row_may_open_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION docacl.row_may_open_support(internal) IS 'Planner support of docacl.row_may_open: its index condition.';
ALTER FUNCTION docacl.row_may_open(bigint, text, "any") SUPPORT docacl.row_may_open_support;
