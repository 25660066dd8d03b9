-- The question about a row at hand. Not LEAKPROOF: it refuses rows of other types and unknown words; what the planner
-- puts in its place is. COST: as dear as a question, where it is not put in its place.
CREATE FUNCTION docacl.may_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_may_support';
-- The planner asks nobody's right to execute it.
REVOKE ALL ON FUNCTION docacl.may_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION docacl.may_support(internal) IS 'Planner support of acl_may: the check that a policy holds in its place.';
CREATE FUNCTION acl_may("row" record, action text) RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 100 SUPPORT docacl.may_support AS 'MODULE_PATHNAME', 'docacl_may';
COMMENT ON FUNCTION acl_may(record, text) IS 'Whether the session''s user may do all that the words say with a row of a protected table: select * from documents d where acl_may(d, ''approve''). Planned like a policy. A row that is not there (an outer join''s) is false. 22023 unknown word, 42809 a row of another type.';
