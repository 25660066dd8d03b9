-- The application's data, each table by one statement: what :docs documents need.

\set ON_ERROR_STOP on
SET maintenance_work_mem = '512MB';
INSERT INTO app.environment SELECT e, format('Environment %s', e) FROM generate_series(1, :environments) AS e;
INSERT INTO app.company SELECT c, format('Company %s', c), 1 + c % :environments FROM generate_series(1, :companies) AS c;

-- Ten regions. Below the first hangs a tree of half of all places, below each of them one of a twentieth: what is made last
-- lies 12 deep where :docs is a million. One place in so many bears the same name as others elsewhere, as folders do.
INSERT INTO app.place
WITH tree (tree, region, first, size) AS (
    SELECT 0, 1, 10, :places / 2
    UNION ALL SELECT t, t, 10 + :places / 2 + (t - 1) * rest, rest FROM generate_series(1, 10) AS t, (SELECT (:places / 2 - 10) / 10) AS r (rest)
)
SELECT r, format('Region %s', r), NULL::bigint FROM generate_series(1, 10) AS r
UNION ALL
SELECT first + i, CASE WHEN above <> before THEN 'Invoices' WHEN i = 1 THEN format('Tree %s', tree) ELSE format('Folder %s', i) END,
       CASE WHEN i = 1 THEN region ELSE first + above END
FROM tree, generate_series(1, size) AS i,
     LATERAL (SELECT power(size, 1 / 10.4) AS width) AS w,
     LATERAL (SELECT floor((i - 2) / width)::bigint + 1 AS above, CASE WHEN i > 2 THEN floor((i - 3) / width)::bigint + 1 END AS before) AS p;

INSERT INTO app.role SELECT format('r%s', r), format('Role %s', r) FROM generate_series(1, :roles) AS r;
INSERT INTO app.person
SELECT format('u%s', u), format('User %s', u), format('user%s@scale.example', u), format('r%s', 1 + u % :roles) FROM generate_series(1, :users) AS u;
INSERT INTO app.member
SELECT DISTINCT format('r%s', 1 + app.pick(u, k, :roles)), format('u%s', u) FROM generate_series(1, :users) AS u, generate_series(1, 2) AS k;
INSERT INTO app.keeper SELECT p, format('u%s', 1 + app.pick(p, 5, :users)) FROM generate_series(11, :places) AS p;
ANALYZE;
