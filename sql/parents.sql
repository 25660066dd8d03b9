-- What the policies of a table with a parent call. Properties as of docacl.row_check, and for the same reasons; dearer,
-- since the parent's row has to be found.
CREATE FUNCTION docacl.parent_check(wanted bigint, parent regclass, VARIADIC "any") RETURNS boolean
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'docacl_parent_check';
COMMENT ON FUNCTION docacl.parent_check(bigint, regclass, "any") IS 'Whether who is asking may do all of the wanted actions with the row of the parent table that has this key. Called by the policies that acl_protect writes.';
