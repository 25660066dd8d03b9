-- What policies call. LEAKPROOF: it raises nothing that depends on a row, and row security may therefore put it
-- before any function of the user's. COST 3: cheap leakproof comparisons of the user's own still run first.
-- EXECUTE for everybody: a policy is evaluated as whoever runs the query. Called by hand it answers about the caller only.
CREATE FUNCTION docacl.row_check(wanted bigint, shape text, VARIADIC "any") RETURNS boolean
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 3 AS 'MODULE_PATHNAME', 'docacl_row_check';
COMMENT ON FUNCTION docacl.row_check(bigint, text, "any") IS 'Whether who is asking may do any of the wanted actions with a row of this shape. Called by the policies that acl_protect writes.';

-- A table whose only gate is a constant has no column to hand over.
CREATE FUNCTION docacl.row_check(wanted bigint, shape text) RETURNS boolean
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 3 AS 'MODULE_PATHNAME', 'docacl_row_check';
COMMENT ON FUNCTION docacl.row_check(bigint, text) IS 'Whether who is asking may do any of the wanted actions with a row of this shape, which has no columns: its gates are constants.';

CREATE FUNCTION docacl.row_trigger() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'docacl_row_trigger';
COMMENT ON FUNCTION docacl.row_trigger() IS 'Judges INSERT and UPDATE of a protected table and checks the references of its rows. Its argument is the spec that acl_protect wrote.';

CREATE FUNCTION docacl.truncate_trigger() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'docacl_truncate_trigger';
COMMENT ON FUNCTION docacl.truncate_trigger() IS 'Refuses TRUNCATE of a protected table to whoever row security applies to, but for system and an admin of every account.';

CREATE FUNCTION docacl.cache(OUT rings bigint, OUT keys bigint, OUT bytes bigint) RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'docacl_cache_wrapper';
COMMENT ON FUNCTION docacl.cache() IS 'What this backend has cached: key rings, the keys they hold (those granted, and those found for references so far), and bytes. docacl.cache_size caps the bytes.';
