-- Functions behind operators of search: trusted, trusted no longer, trusted by hand.
, state AS MATERIALIZED (
    SELECT s.*, m.origin IS NOT NULL AS remembered, (SELECT pg_catalog.count(*) FROM docacl.trusted_search) > 0 AS any_remembered
    FROM docacl.searchable AS s LEFT JOIN docacl.trusted_search AS m USING (origin, function)
)
SELECT 'notice', 'search', pg_catalog.format('trusted for %s: counts of EXPLAIN ANALYZE and time tell how many rows that are not shown match',
           pg_catalog.string_agg(s.operator, ', ' ORDER BY s.origin, s.operator)),
       'Accepted with acl_trust_search(true); SELECT acl_trust_search(false) ends it.'
FROM state AS s WHERE s.remembered AND s.trusted HAVING pg_catalog.count(*) > 0
UNION ALL
SELECT 'notice', 'search', pg_catalog.format('no longer trusted for %s, as after a restore: no index is used there under row security',
           pg_catalog.string_agg(s.operator, ', ' ORDER BY s.origin, s.operator)),
       'SELECT acl_trust_search(true);'
FROM state AS s WHERE s.remembered AND NOT s.trusted HAVING pg_catalog.count(*) > 0
UNION ALL
SELECT 'notice', 'search', pg_catalog.format('not trusted for %s, which came later: no index is used there under row security',
           pg_catalog.string_agg(s.operator, ', ' ORDER BY s.origin, s.operator)),
       'SELECT acl_trust_search(true);'
FROM state AS s WHERE s.any_remembered AND NOT s.remembered HAVING pg_catalog.count(*) > 0
UNION ALL
-- PostgreSQL ships none of these as leakproof.
SELECT CASE WHEN s.wrapper IS NULL THEN 'notice' ELSE 'warning' END, pg_catalog.format('function %s', s.proc),
       CASE WHEN s.wrapper IS NULL THEN 'LEAKPROOF by hand: counts of EXPLAIN ANALYZE and time tell how many rows that are not shown match'
            ELSE 'LEAKPROOF by hand: its errors tell of rows that are not shown' END,
       pg_catalog.format('ALTER FUNCTION %s NOT LEAKPROOF; then SELECT acl_trust_search(true), which knows what is safe.', s.proc)
FROM state AS s JOIN pg_catalog.pg_proc AS p ON p.oid = s.proc
WHERE p.proleakproof AND (NOT s.remembered OR s.wrapper IS NOT NULL)
UNION ALL
SELECT 'warning', pg_catalog.format('function %s', p.oid::regprocedure), 'LEAKPROOF by hand: its errors may tell of rows that are not shown',
       pg_catalog.format('ALTER FUNCTION %s NOT LEAKPROOF;', p.oid::regprocedure)
FROM pg_catalog.pg_proc AS p
WHERE p.proleakproof AND p.pronamespace = 'pg_catalog'::regnamespace
  AND p.proname IN ('textnlike', 'texticnlike', 'textregexne', 'texticregexne', 'namelike', 'bpcharlike', 'nameiclike', 'bpchariclike', 'ts_match_tt', 'ts_match_tq',
                    'jsonb_path_exists_opr', 'jsonb_path_match_opr', 'to_tsvector', 'lower', 'upper')
