-- Which indexes a protected table (parameter 1; null: each) lacks: those of columns that decide about rows, where
-- the planner or docacl itself finds rows by them. One line per column; what comes first is asked first.
WITH t AS MATERIALIZED (
    SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, p.spec, c.reltuples >= 10000 AS is_large
    FROM docacl.protected_table AS p
    JOIN pg_catalog.pg_class AS c ON c.oid = p.relation JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE $1 IS NULL OR c.oid = $1
), reference AS MATERIALIZED (
    SELECT t.oid, gate.at AS gate_at, ref.at AS ref_at, ref.value ->> 'column' AS attname,
           pg_catalog.jsonb_array_length(coalesce(gate.value -> 'constant', '[]')) > 0 AS is_constant
    FROM t, pg_catalog.jsonb_array_elements(t.spec -> 'gates') WITH ORDINALITY AS gate(value, at)
    LEFT JOIN LATERAL pg_catalog.jsonb_array_elements(coalesce(gate.value -> 'refs', '[]')) WITH ORDINALITY AS ref(value, at) ON true
), wanted AS (
    SELECT t.oid, t.name, 1 AS sort, 100 * r.gate_at + r.ref_at AS at, 'gate' AS what, r.attname, ARRAY[r.attname] AS columns, '' AS predicate
    FROM t JOIN reference AS r ON r.oid = t.oid WHERE r.attname IS NOT NULL
    UNION ALL
    -- All columns of the parent's key, in its order.
    SELECT t.oid, t.name, 2, 0, 'parent', k.columns[1], k.columns, ''
    FROM t CROSS JOIN LATERAL (
        SELECT CASE pg_catalog.jsonb_typeof(t.spec #> '{parent,column}')
               WHEN 'array' THEN ARRAY(SELECT pg_catalog.jsonb_array_elements_text(t.spec #> '{parent,column}'))
               WHEN 'string' THEN ARRAY[t.spec #>> '{parent,column}'] END AS columns) AS k
    WHERE k.columns IS NOT NULL
    UNION ALL
    -- The intray: only where every gate can be empty. A large table wants the whole index: whoever is to be dropped, or to
    -- hand over what is his, has it searched for rows of his.
    SELECT t.oid, t.name, 3, 0, 'owner', t.spec #>> '{owner,column}', ARRAY[t.spec #>> '{owner,column}'], ''
    FROM t WHERE t.is_large AND t.spec #>> '{owner,column}' IS NOT NULL
    UNION ALL
    SELECT t.oid, t.name, 3, 0, 'owner', t.spec #>> '{owner,column}', ARRAY[t.spec #>> '{owner,column}'], first.predicate
    FROM t CROSS JOIN LATERAL (
        SELECT pg_catalog.string_agg(pg_catalog.format('%I IS NULL', r.attname), ' AND ' ORDER BY r.ref_at) AS predicate
        FROM reference AS r
        WHERE r.oid = t.oid AND r.gate_at = (SELECT pg_catalog.min(o.gate_at) FROM reference AS o WHERE o.oid = t.oid)) AS first
    WHERE NOT t.is_large AND t.spec #>> '{owner,column}' IS NOT NULL AND first.predicate IS NOT NULL
      AND NOT EXISTS (SELECT FROM reference AS r WHERE r.oid = t.oid AND r.is_constant)
      AND EXISTS (
        SELECT FROM reference AS r JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attname = r.attname
        WHERE r.oid = t.oid HAVING pg_catalog.bool_and(NOT a.attnotnull))
    UNION ALL
    SELECT t.oid, t.name, 4, 0, 'requester', t.spec #>> '{requester,column}', ARRAY[t.spec #>> '{requester,column}'],
           pg_catalog.format('%I IS NOT NULL', t.spec #>> '{requester,column}')
    FROM t WHERE t.spec #>> '{requester,column}' IS NOT NULL
    UNION ALL
    SELECT t.oid, t.name, 5, 0, 'own', t.spec ->> 'own_acl', ARRAY[t.spec ->> 'own_acl'], pg_catalog.format('%I IS NOT NULL', t.spec ->> 'own_acl')
    FROM t WHERE t.spec ->> 'own_acl' IS NOT NULL
), part AS MATERIALIZED (
    -- Where the rows are: the table itself, or its partitions.
    SELECT t.oid, coalesce(l.relid::oid, t.oid) AS relid FROM t
    LEFT JOIN LATERAL (SELECT * FROM pg_catalog.pg_partition_tree(t.oid) AS l WHERE l.isleaf) AS l ON true
), lacking AS MATERIALIZED (
    -- No index begins with the column; of a gate and a parent none that has all rows.
    SELECT w.* FROM wanted AS w
    WHERE EXISTS (
        SELECT FROM part AS p
        -- LIMIT: one probe each. How many parts there are is not known when it is planned, and all columns were read.
        CROSS JOIN LATERAL (
            SELECT a.attnum, a.attnotnull FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = p.relid AND a.attname = w.attname AND NOT a.attisdropped LIMIT 1) AS a
        WHERE p.oid = w.oid AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
            WHERE i.indrelid = p.relid AND i.indkey[0] = a.attnum AND i.indisvalid
              -- A hash finds no row that refers to nothing.
              AND (m.amname = 'btree' OR m.amname = 'hash' AND a.attnotnull)
              AND (i.indpred IS NULL OR w.predicate <> '')))
)
SELECT k.name, k.attname, k.what,
       pg_catalog.format('CREATE INDEX ON %s (%s)%s;', k.name,
              (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(c), ', ' ORDER BY at) FROM pg_catalog.unnest(k.columns) WITH ORDINALITY AS u(c, at)),
              CASE WHEN k.predicate <> '' THEN ' WHERE ' || k.predicate ELSE '' END),
       s.distinct_values
FROM lacking AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT CASE WHEN s.n_distinct >= 0 THEN s.n_distinct ELSE -s.n_distinct * c.reltuples END::float8 AS distinct_values,
           -- Of a column of which every value is known.
           (SELECT pg_catalog.min(f) FROM pg_catalog.unnest(s.most_common_freqs) AS f
            WHERE pg_catalog.cardinality(s.most_common_freqs) = s.n_distinct)::float8 AS rarest
    FROM pg_catalog.pg_stats AS s WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = k.attname
    ORDER BY s.inherited DESC LIMIT 1) AS s ON k.what = 'gate' AND c.reltuples >= 10000
-- Of a large table where every value is that of more than a quarter of the rows the planner asks no index.
WHERE s.rarest IS NULL OR s.rarest <= 0.25
ORDER BY k.name, k.sort, k.at
