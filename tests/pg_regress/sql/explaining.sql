--
-- explaining: why somebody may or may not, who may, and what one is not told (B6, D29, D32).
--
SET client_min_messages = warning;

CREATE TABLE docs (id bigint PRIMARY KEY, place bigint, type text, project text, body text, made_by bigint, asked_by bigint,
                   own_acl bigint, fixed boolean NOT NULL DEFAULT false, gone boolean NOT NULL DEFAULT false, gone_by bigint);
DO $$ BEGIN
    PERFORM acl_create('location', 'Company'), acl_create('location', 'HR', parent => 'Company', inherits => true);
    PERFORM acl_create('location', 'Sales', parent => 'Company');
    PERFORM acl_create('document type', 'Contract', key => 'contract'), acl_create('document type', 'Invoice', key => 'invoice');
    PERFORM acl_create('project', 'Bridge', key => 'bridge');
    PERFORM acl_create_role('Keys'), acl_create_role('Readers'), acl_create_role('Lead');
    PERFORM acl_assign('Keys', 'Lead');
    PERFORM acl_create_user('both', 'both@example.org', 'Readers'), acl_assign('Lead', 'both');
    PERFORM acl_create_user('key', 'key@example.org', 'Keys'), acl_create_user('reader', 'reader@example.org', 'Readers');
    PERFORM acl_create_user('guest', 'guest@example.org', 'Readers', read_only => true), acl_assign('Keys', 'guest');
    PERFORM acl_create_user('boss', 'boss@example.org', 'Administrators'), acl_create_user('none', 'none@example.org', 'Users');
    PERFORM acl_create_user('helpdesk', 'helpdesk@example.org', 'Users'), acl_grant('helpdesk', 'manage_users', 'account', 'main');
    PERFORM acl_grant('Keys', 'enter', 'location', 'Company'), acl_grant('Readers', 'change', 'document type', 'Contract');
    PERFORM acl_grant('everyone', 'view', 'project', '*'), acl_grant('both', 'sign', 'document type', 'Contract');
END $$;
INSERT INTO docs (id, place, type, project, made_by) SELECT i, (SELECT id FROM docacl.resource WHERE name = p), t, j, u.id
FROM (VALUES (1, 'HR', 'contract', NULL), (2, 'Sales', 'contract', NULL), (3, 'HR', 'invoice', 'bridge'), (4, NULL, NULL, NULL),
             (5, 'HR', 'contract', 'bridge'), (6, 'HR', 'contract', NULL), (7, 'HR', NULL, NULL)) v(i, p, t, j), docacl.principal u WHERE u.name = 'both';
UPDATE docs SET fixed = true WHERE id = 6;
GRANT SELECT, UPDATE ON docs TO regress_app;
SELECT count(*) FROM acl_protect('docs', '{"location": {"column": "place", "by": "id"}, "document type": "type", "project": "project"}',
    '{"owner": {"column": "made_by", "by": "id"}, "requester": {"column": "asked_by", "by": "id"}, "own_acl": "own_acl",
      "immutable": "fixed", "deleted": "gone", "deleted_by": {"column": "gone_by", "by": "id"}, "default": true}');

-- viewpoint of a superuser: two keys, from two roles; one of them through a role in a role and a parent
SELECT * FROM acl_explain('both', 1, 'read');
-- one key only, either
SELECT * FROM acl_explain('key', 1, 'read');
SELECT * FROM acl_explain('reader', 1, 'read');
-- another location's row, which does not inherit
SELECT gate, resource, held, opens, through, grant_sql FROM acl_explain('both', 2, 'write');
-- an own list, everyone, *
DO $$ BEGIN PERFORM acl_grant('none', 'view', 'document', '5'); END $$;
SELECT gate, resource, held, opens, through, grant_sql FROM acl_explain('none', 5, 'read');
DO $$ BEGIN PERFORM acl_set_inherits('document', '5', false); END $$;
SELECT gate, resource, held, opens, through, grant_sql FROM acl_explain('both', 5, 'read');
-- rules beside the gates
SELECT gate, opens, through FROM acl_explain('both', 4, 'write');
SELECT gate, opens, through FROM acl_explain('key', 4, 'read');
SELECT gate, opens, through FROM acl_explain('both', 6, 'write');
SELECT gate, opens, through FROM acl_explain('guest', 1, 'write');
SELECT gate, held, opens, through FROM acl_explain('boss', 2, 'delete');
SELECT gate, held, opens, through FROM acl_explain('system', 2, 'delete');
SELECT gate, opens, through FROM acl_explain('both', 1, 'add');
SELECT gate, opens, through, grant_sql FROM acl_explain('key', 7, 'read');
BEGIN;
UPDATE docs SET asked_by = (SELECT id FROM docacl.principal WHERE name = 'none') WHERE id = 2;
SELECT gate, opens, through FROM acl_explain('none', 2, 'read');
UPDATE docs SET gone = true, gone_by = (SELECT id FROM docacl.principal WHERE name = 'boss') WHERE id = 1;
SELECT gate, opens, through FROM acl_explain('both', 1, 'read');
DO $$ BEGIN PERFORM acl_alter_user('both', enabled => false); END $$;
SELECT gate, opens, through FROM acl_explain('both', 1, 'read');
ROLLBACK;
SELECT count(*) AS n0 FROM acl_explain('both', 99, 'read');
SELECT gate, opens FROM acl_explain_row('both', 'docs', '1', 'read, sign');
SELECT split_part(complaint, 'Sets', 1) FROM complaint(NULL, $$SELECT * FROM acl_explain('both', 1, 'reed')$$);
SELECT complaint(NULL, $$SELECT * FROM acl_explain('nobody', 1, 'read')$$);

-- The verdict is the check's, for every user, row and action; and the grants named open what is closed.
CREATE FUNCTION verdicts() RETURNS TABLE (asked bigint, different bigint) LANGUAGE sql AS
$$ SELECT count(*), count(*) FILTER (WHERE acl_can(u.name, d.id, a.name) IS DISTINCT FROM
       (SELECT opens = 'yes' FROM acl_explain(u.name, d.id, a.name) WHERE gate = 'verdict'))
   FROM docacl.principal u, docs d, docacl.action a WHERE u.kind IN ('user', 'system') AND a.bit < 28 $$;
SELECT asked > 1000 AS t, different AS n0 FROM verdicts();
CREATE FUNCTION opened(who text, doc bigint, what text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     sql text;
     n int := 0;
     answer text;
   BEGIN
     IF acl_can(who, doc, what) THEN RETURN 'open'; END IF;
     BEGIN
       FOR sql IN SELECT grant_sql FROM acl_explain(who, doc, what) WHERE grant_sql IS NOT NULL LOOP
         EXECUTE sql;
         n := n + 1;
       END LOOP;
       answer := CASE WHEN n = 0 THEN 'no grant helps' WHEN acl_can(who, doc, what) THEN 'opened' ELSE 'STILL CLOSED' END;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN NULL;
     END;
     RETURN answer;
   END $$;
SELECT u.name, string_agg(opened(u.name, d.id, a), ', ' ORDER BY d.id, a) FILTER (WHERE d.id IN (1, 2, 3, 5, 7)) AS what_helps,
       string_agg(DISTINCT opened(u.name, d.id, a), ', ') FILTER (WHERE d.id IN (4, 6)) AS intray_and_immutable
FROM docacl.principal u, docs d, unnest(ARRAY['read', 'write', 'sign']) a
WHERE u.kind = 'user' AND u.name IN ('both', 'key', 'reader', 'none') GROUP BY 1 ORDER BY 1;

-- who
SELECT * FROM acl_who(1, 'read');
SELECT * FROM acl_who(1, 'sign');
SELECT * FROM acl_who(4, 'read');
SELECT * FROM acl_who(5, 'read');
SELECT count(*) AS n0 FROM acl_who(99, 'read');
SELECT count(*) AS n0 FROM docacl.principal u, docs d, docacl.action a
WHERE u.kind = 'user' AND a.bit < 28
  AND acl_can(u.name, d.id, a.name) <> EXISTS (SELECT FROM acl_who_row('docs', d.id::text, a.name) w WHERE w.principal = u.name);

-- viewpoint of users: about oneself what one may see, about others nothing
SET ROLE regress_app;
BEGIN;
SELECT acl_set_user('both');
SELECT gate, resource, held, opens FROM acl_explain('both', 1, 'write');
SELECT count(*) AS n0 FROM acl_explain('both', 2, 'read');
SELECT count(*) AS n0 FROM acl_explain('both', 99, 'read');
COMMIT;
RESET ROLE;
-- (not through the pool, which is trusted: a login of his own)
CREATE ROLE regress_key LOGIN;
CREATE ROLE regress_help LOGIN;
DO $$ BEGIN PERFORM acl_map('regress_key', 'key'), acl_map('regress_help', 'helpdesk'); END $$;
SET ROLE regress_key;
SELECT count(*) AS n0 FROM acl_explain('key', 1, 'read');
SELECT count(*) AS n0 FROM acl_explain('key', 99, 'read');
SELECT * FROM acl_explain('both', 1, 'read');      -- fail
SELECT * FROM acl_explain('no such', 1, 'read');   -- fail
SELECT * FROM acl_who(1, 'read');                  -- fail
SELECT * FROM acl_session();
RESET ROLE;
-- whoever manages users is told who, but not of rows that he may not read himself
SET ROLE regress_help;
SELECT count(*) AS n0 FROM acl_explain('both', 1, 'read');
SELECT principal FROM acl_who(1, 'read');
RESET ROLE;
-- a path shows no name of what one may not see
DO $$ BEGIN
    PERFORM acl_revoke('Keys', 'enter', 'location', 'Company'), acl_grant('key', 'enter', 'location', 'HR');
    PERFORM acl_grant('key', 'view', 'document type', 'Contract');
END $$;
SET ROLE regress_key;
SELECT gate, resource, opens FROM acl_explain('key', 1, 'read');
RESET ROLE;

-- the session
SELECT identified, exempt FROM acl_session();
SET ROLE regress_app;
SELECT * FROM acl_session();
BEGIN; SELECT acl_set_user('guest'); SELECT principal, account, identified, function, read_only, exempt FROM acl_session(); COMMIT;
RESET ROLE;

-- rows that their parent's row decides: its lines beside their own, and who may by both
CREATE TABLE pages (id int PRIMARY KEY, doc bigint, type text);
DO $$ BEGIN
    PERFORM acl_protect('pages', '{"document type": "type", "parent": {"relation": "docs", "column": "doc", "actions": {"select": "download"}}}');
    PERFORM acl_grant('both', 'read', 'document type', 'Invoice'), acl_grant('none', 'view', 'location', 'HR');
    PERFORM acl_grant('none', 'read, download', 'document type', 'Contract');
END $$;
INSERT INTO pages VALUES (1, 1, 'invoice'), (2, 2, 'invoice'), (3, NULL, 'contract'), (4, 1, NULL);
SELECT gate, resource, asked, held, opens FROM acl_explain_row('none', 'pages', '1', 'read');
SELECT gate, opens, through, grant_sql FROM acl_explain_row('reader', 'pages', '2', 'read');
SELECT gate, opens, through FROM acl_explain_row('none', 'pages', '3', 'read');
SELECT * FROM acl_who_row('pages', '1', 'read');
SELECT count(*) > 500 AS t,
       count(*) FILTER (WHERE acl_can_row(u.name, 'pages', p.id::text, a.name) IS DISTINCT FROM
           (SELECT opens = 'yes' FROM acl_explain_row(u.name, 'pages', p.id::text, a.name) WHERE gate = 'verdict')) AS n0,
       count(*) FILTER (WHERE u.kind = 'user' AND acl_can_row(u.name, 'pages', p.id::text, a.name) IS DISTINCT FROM
           EXISTS (SELECT FROM acl_who_row('pages', p.id::text, a.name) w WHERE w.principal = u.name)) AS n0
FROM docacl.principal u, pages p, docacl.action a WHERE u.kind IN ('user', 'system') AND a.bit < 28;
