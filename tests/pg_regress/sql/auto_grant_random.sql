--
-- Rules under hundreds of random statements, some of them rolled back: after each, the open grants are exactly what the rows
-- say while their options are on, and pairs are counted as the rows are.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('random'); END $$;
SET docacl.account = 'random';
CREATE TABLE rn_user (login text PRIMARY KEY, name text NOT NULL);
CREATE TABLE rn_project (id int PRIMARY KEY, name text NOT NULL, controller text REFERENCES rn_user ON DELETE SET NULL ON UPDATE CASCADE, deputy text REFERENCES rn_user ON DELETE CASCADE);
CREATE TABLE rn_task (n int PRIMARY KEY, project int REFERENCES rn_project ON DELETE CASCADE, who text REFERENCES rn_user ON DELETE SET NULL, done boolean);
DO $$ BEGIN
  PERFORM acl_mirror('rn_user', 'user', 'login', 'name'), acl_mirror('rn_project', 'project', 'id', 'name');
  PERFORM acl_auto_grant('rn_project', 'controller', 'project', 'change'), acl_auto_grant('rn_project', 'deputy', 'project', 'see', code => 'a-pae-deputy'),
          acl_auto_grant('rn_task', 'who', 'project', 'see', 'project', 'a-pae-task'), acl_auto_grant('rn_task', 'who', 'project', 'change', 'project', 'b-pae-task');
  PERFORM acl_create_role('By hand');
END $$;

-- what is there and should not be, and what should be there and is not
CREATE FUNCTION rn_amiss() RETURNS bigint LANGUAGE sql AS
$$ WITH said AS (
     SELECT 'controller' AS col, NULL::text AS code, controller AS who, id AS project FROM rn_project
     UNION ALL SELECT 'deputy', 'a-pae-deputy', deputy, id FROM rn_project
     UNION ALL SELECT 'who', c, who, project FROM rn_task, unnest(ARRAY['a-pae-task', 'b-pae-task']) AS c
   ), pairs AS (
     SELECT s.col, s.code, s.who, s.project, count(*) AS n FROM said AS s
     JOIN docacl.auto_grant AS a ON a.principal_column = s.col AND a.code IS NOT DISTINCT FROM s.code WHERE s.who IS NOT NULL AND s.project IS NOT NULL GROUP BY 1, 2, 3, 4
   ), counted AS (
     SELECT a.principal_column, a.code, p.principal, p.resource::int, p.n FROM docacl.auto_pair AS p JOIN docacl.auto_grant AS a ON a.id = p.rule_id
   ), wanted AS (
     SELECT p.col, p.code, p.who, p.project FROM pairs AS p
     WHERE p.code IS NULL OR EXISTS (SELECT FROM docacl.profile_option AS o WHERE o.code = p.code AND o.enabled)
   ), held AS (
     SELECT a.principal_column, a.code, u.key, r.key::int FROM docacl.grants AS g
     JOIN docacl.principal AS u ON u.id = g.principal_id JOIN docacl.resource AS r ON r.id = g.resource_id
     LEFT JOIN docacl.auto_pair AS p ON p.grant_id = g.id LEFT JOIN docacl.auto_grant AS a ON a.id = p.rule_id AND a.actions = g.actions
     WHERE g.source = 'auto' AND g.revoked_at IS NULL
   )
   SELECT (SELECT count(*) FROM (TABLE pairs EXCEPT ALL TABLE counted) AS x) + (SELECT count(*) FROM (TABLE counted EXCEPT ALL TABLE pairs) AS x)
        + (SELECT count(*) FROM (TABLE wanted EXCEPT ALL TABLE held) AS x) + (SELECT count(*) FROM (TABLE held EXCEPT ALL TABLE wanted) AS x) $$;

CREATE FUNCTION rn_some(kind text) RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT CASE WHEN random() < 0.15 THEN NULL WHEN kind = 'user' THEN (SELECT login FROM rn_user ORDER BY random() LIMIT 1) ELSE (SELECT id::text FROM rn_project ORDER BY random() LIMIT 1) END $$;

CREATE FUNCTION rn_step(i int) RETURNS void LANGUAGE plpgsql AS
$$ DECLARE
     r int := floor(random() * 20);
   BEGIN
     CASE
       WHEN r < 3 THEN INSERT INTO rn_task SELECT 1000 * i + k, rn_some('project')::int, rn_some('user') FROM generate_series(1, 5) AS k;
       WHEN r < 5 THEN UPDATE rn_task SET who = rn_some('user'), project = rn_some('project')::int WHERE random() < 0.3;
       WHEN r < 6 THEN UPDATE rn_task SET done = true;
       WHEN r < 8 THEN DELETE FROM rn_task WHERE random() < 0.2;
       WHEN r < 10 THEN UPDATE rn_project SET controller = rn_some('user'), deputy = rn_some('user') WHERE random() < 0.4;
       WHEN r < 11 THEN INSERT INTO rn_project SELECT i, 'project ' || i, rn_some('user'), rn_some('user') WHERE (SELECT count(*) FROM rn_project) < 15;
       WHEN r < 12 THEN DELETE FROM rn_project WHERE random() < 0.1;
       WHEN r < 13 THEN INSERT INTO rn_user SELECT 'u' || i, 'user ' || i WHERE (SELECT count(*) FROM rn_user) < 12;
       WHEN r < 14 THEN DELETE FROM rn_user WHERE login IN (SELECT login FROM rn_user ORDER BY random() LIMIT 1);
       WHEN r < 16 THEN PERFORM acl_profile_option((ARRAY['a-pae-deputy', 'a-pae-task', 'b-pae-task'])[1 + floor(random() * 3)::int], random() < 0.6);
       WHEN r < 17 THEN INSERT INTO rn_task VALUES (1000 * i, rn_some('project')::int, rn_some('user')), (1000 * i + 1, rn_some('project')::int, rn_some('user')) ON CONFLICT DO NOTHING;
       WHEN r < 18 THEN PERFORM acl_auto_grant('rn_task', 'who', 'project', CASE WHEN random() < 0.5 THEN 'change' ELSE 'see' END, 'project', 'b-pae-task');
       WHEN r < 19 AND random() < 0.2 THEN TRUNCATE rn_task;
       ELSE -- grants by hand come and go beside the rules
         IF (SELECT count(*) FROM rn_project) > 0 THEN
           PERFORM acl_set_grant('By hand', CASE WHEN random() < 0.5 THEN 'see' ELSE '' END, 'project', (SELECT name FROM rn_project ORDER BY random() LIMIT 1));
         END IF;
     END CASE;
   END $$;

SELECT setseed(0.5);
INSERT INTO rn_user SELECT 'u' || -n, 'user ' || -n FROM generate_series(1, 8) AS n;
INSERT INTO rn_project SELECT -n, 'project ' || -n FROM generate_series(1, 8) AS n;
DO $$
BEGIN
  FOR i IN 1..250 LOOP
    BEGIN
      PERFORM rn_step(i);
      IF rn_amiss() <> 0 THEN RAISE WARNING 'amiss after step %: %', i, rn_amiss(); EXIT; END IF;
      IF random() < 0.2 THEN RAISE EXCEPTION USING ERRCODE = 'ZZ999'; END IF;
    EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
      IF rn_amiss() <> 0 THEN RAISE WARNING 'amiss after step % was rolled back: %', i, rn_amiss(); EXIT; END IF;
    END;
  END LOOP;
END $$;
SELECT rn_amiss() AS n0, (SELECT last_value > 300 FROM docacl.grants_id_seq) AS t, (SELECT count(*) > 5 FROM docacl.auto_pair) AS t;
-- and everybody's rights are what his rows say
SELECT count(*) AS n0 FROM rn_user AS u, rn_project AS p
 WHERE acl_can_on(u.name, 'project', p.name, 'see') IS DISTINCT FROM (p.controller IS NOT DISTINCT FROM u.login
        OR p.deputy IS NOT DISTINCT FROM u.login AND docacl.auto_is_on('a-pae-deputy', (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'random'))
        OR EXISTS (SELECT FROM rn_task AS t WHERE t.who = u.login AND t.project = p.id)
           AND (SELECT bool_or(o.enabled) FROM docacl.profile_option AS o WHERE o.code IN ('a-pae-task', 'b-pae-task')));
DELETE FROM rn_task;
DELETE FROM rn_project;
SELECT (SELECT count(*) FROM docacl.auto_pair) AS n0, (SELECT count(*) FROM docacl.grants WHERE source = 'auto') AS n0;
