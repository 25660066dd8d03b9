-- Search under the policies: what acl_trust_search turns on and off. Why each function is here, and on what condition, is
-- in src/search/mod.rs.

-- What was there before, so that acl_trust_search(false) puts back exactly that. It is dumped, and the changes of
-- PostgreSQL's own functions are not: so acl_check can tell that a restore lost them.
CREATE TABLE docacl.trusted_search (
    origin     name NOT NULL,
    function   text NOT NULL,
    leakproof  boolean NOT NULL,
    cost       real NOT NULL,
    support    text NOT NULL,
    PRIMARY KEY (origin, function)
);
COMMENT ON TABLE docacl.trusted_search IS 'The functions behind operators of search that acl_trust_search has changed, and what they were before. Of no row: search is not trusted.';
COMMENT ON COLUMN docacl.trusted_search.origin IS 'pg_catalog, or the extension.';
COMMENT ON COLUMN docacl.trusted_search.function IS 'The function, with the types of its arguments.';
COMMENT ON COLUMN docacl.trusted_search.leakproof IS 'Whether it was marked LEAKPROOF before.';
COMMENT ON COLUMN docacl.trusted_search.cost IS 'Its COST before.';
COMMENT ON COLUMN docacl.trusted_search.support IS 'Its support function before, or "-".';
REVOKE ALL ON docacl.trusted_search FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('docacl.trusted_search'::regclass, 'ORDER BY origin, function');

-- Stand in for the functions behind LIKE, ILIKE, ~, ~* and the operators of arrays, which may raise errors that depend on a
-- row, in those calls that cannot. Whoever calls them by hand where they could gets null. Closed while search is not
-- trusted. COST 10: PostgreSQL calls a cheaper leakproof function before the policy, on every row that is not shown.
CREATE FUNCTION docacl.search_like(text, text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 SUPPORT pg_catalog.textlike_support AS 'MODULE_PATHNAME', 'docacl_search_like';
COMMENT ON FUNCTION docacl.search_like(text, text) IS 'LIKE, of a constant pattern that does not end in its escape character; null of any other.';
CREATE FUNCTION docacl.search_ilike(text, text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 SUPPORT pg_catalog.texticlike_support AS 'MODULE_PATHNAME', 'docacl_search_ilike';
COMMENT ON FUNCTION docacl.search_ilike(text, text) IS 'ILIKE, of a constant pattern that does not end in its escape character; null of any other.';
CREATE FUNCTION docacl.search_regex(text, text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 SUPPORT pg_catalog.textregexeq_support AS 'MODULE_PATHNAME', 'docacl_search_regex';
COMMENT ON FUNCTION docacl.search_regex(text, text) IS '~ of a constant, valid pattern without back references and look-around; null of any other.';
CREATE FUNCTION docacl.search_iregex(text, text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 SUPPORT pg_catalog.texticregexeq_support AS 'MODULE_PATHNAME', 'docacl_search_iregex';
COMMENT ON FUNCTION docacl.search_iregex(text, text) IS '~* of a constant, valid pattern without back references and look-around; null of any other.';
CREATE FUNCTION docacl.search_overlap(anyarray, anyarray) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 AS 'MODULE_PATHNAME', 'docacl_search_overlap';
COMMENT ON FUNCTION docacl.search_overlap(anyarray, anyarray) IS '&& of arrays whose elements can be compared without an error; null of any other.';
CREATE FUNCTION docacl.search_contains(anyarray, anyarray) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 AS 'MODULE_PATHNAME', 'docacl_search_contains';
COMMENT ON FUNCTION docacl.search_contains(anyarray, anyarray) IS '@> of arrays whose elements can be compared without an error; null of any other.';
CREATE FUNCTION docacl.search_contained(anyarray, anyarray) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 AS 'MODULE_PATHNAME', 'docacl_search_contained';
COMMENT ON FUNCTION docacl.search_contained(anyarray, anyarray) IS '<@ of arrays whose elements can be compared without an error; null of any other.';
REVOKE ALL ON FUNCTION docacl.search_like(text, text), docacl.search_ilike(text, text), docacl.search_regex(text, text), docacl.search_iregex(text, text),
    docacl.search_overlap(anyarray, anyarray), docacl.search_contains(anyarray, anyarray), docacl.search_contained(anyarray, anyarray) FROM PUBLIC;

CREATE FUNCTION docacl.search_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_search_support';
REVOKE ALL ON FUNCTION docacl.search_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION docacl.search_support(internal) IS 'Planner support of LIKE, ILIKE, ~, ~* and the operators of arrays while search is trusted: puts docacl.search_… in their place where they can raise nothing that depends on a row.';

-- A function without wrapper is marked LEAKPROOF; one with a wrapper gets docacl.search_support.
CREATE VIEW docacl.searchable AS
SELECT s.origin, s.function, s.operator, s.condition, p.oid::regprocedure AS proc, s.wrapper::regprocedure AS wrapper,
       CASE WHEN s.wrapper IS NULL THEN p.proleakproof AND p.procost >= 10
            ELSE p.prosupport = 'docacl.search_support'::regproc AND pg_catalog.has_function_privilege('public', s.wrapper::regprocedure, 'EXECUTE')
       END AS trusted
FROM (VALUES
    ('pg_catalog'::name, 'ts_match_vq(tsvector,tsquery)', 'tsvector @@ tsquery', NULL, NULL),
    ('pg_catalog', 'ts_match_qv(tsquery,tsvector)', 'tsquery @@ tsvector', NULL, NULL),
    ('pg_catalog', 'jsonb_contains(jsonb,jsonb)', 'jsonb @> jsonb', NULL, NULL),
    ('pg_catalog', 'jsonb_contained(jsonb,jsonb)', 'jsonb <@ jsonb', NULL, NULL),
    ('pg_catalog', 'jsonb_exists(jsonb,text)', 'jsonb ? text', NULL, NULL),
    ('pg_catalog', 'jsonb_exists_any(jsonb,text[])', 'jsonb ?| text[]', NULL, NULL),
    ('pg_catalog', 'jsonb_exists_all(jsonb,text[])', 'jsonb ?& text[]', NULL, NULL),
    ('pg_catalog', 'textlike(text,text)', 'text LIKE text', 'docacl.search_like(text,text)', 'a constant pattern'),
    ('pg_catalog', 'texticlike(text,text)', 'text ILIKE text', 'docacl.search_ilike(text,text)', 'a constant pattern'),
    ('pg_catalog', 'textregexeq(text,text)', 'text ~ text', 'docacl.search_regex(text,text)', 'a constant pattern without back references and look-around'),
    ('pg_catalog', 'texticregexeq(text,text)', 'text ~* text', 'docacl.search_iregex(text,text)', 'a constant pattern without back references and look-around'),
    ('pg_catalog', 'arrayoverlap(anyarray,anyarray)', 'anyarray && anyarray', 'docacl.search_overlap(anyarray,anyarray)', 'elements whose = is leakproof, numeric or an enum'),
    ('pg_catalog', 'arraycontains(anyarray,anyarray)', 'anyarray @> anyarray', 'docacl.search_contains(anyarray,anyarray)', 'elements whose = is leakproof, numeric or an enum'),
    ('pg_catalog', 'arraycontained(anyarray,anyarray)', 'anyarray <@ anyarray', 'docacl.search_contained(anyarray,anyarray)', 'elements whose = is leakproof, numeric or an enum'),
    ('pg_trgm', 'similarity_op(text,text)', 'text % text', NULL, NULL),
    ('pg_trgm', 'word_similarity_op(text,text)', 'text <% text', NULL, NULL),
    ('pg_trgm', 'word_similarity_commutator_op(text,text)', 'text %> text', NULL, NULL),
    ('pg_trgm', 'strict_word_similarity_op(text,text)', 'text <<% text', NULL, NULL),
    ('pg_trgm', 'strict_word_similarity_commutator_op(text,text)', 'text %>> text', NULL, NULL)
) AS s(origin, function, operator, wrapper, condition)
LEFT JOIN pg_catalog.pg_extension AS x ON x.extname = s.origin
JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(
    pg_catalog.format('%I.%s', CASE s.origin WHEN 'pg_catalog' THEN 'pg_catalog' ELSE coalesce((SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = x.extnamespace), '-') END, s.function))
    -- Of the extension, and not another of its name in the same schema.
    AND (s.origin = 'pg_catalog' OR EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = x.oid AND d.deptype = 'e'));
COMMENT ON VIEW docacl.searchable IS 'The functions that acl_trust_search turns on and off, as far as they are there, and whether they are on.';
COMMENT ON COLUMN docacl.searchable.origin IS 'pg_catalog, or the extension.';
COMMENT ON COLUMN docacl.searchable.function IS 'The function, with the types of its arguments.';
COMMENT ON COLUMN docacl.searchable.operator IS 'The operator that it is behind.';
COMMENT ON COLUMN docacl.searchable.condition IS 'In which calls it is trusted; null: in all.';
COMMENT ON COLUMN docacl.searchable.proc IS 'The function as it is called here.';
COMMENT ON COLUMN docacl.searchable.wrapper IS 'What stands in for it in such calls.';
COMMENT ON COLUMN docacl.searchable.trusted IS 'Whether it is trusted now.';
REVOKE ALL ON docacl.searchable FROM PUBLIC;
