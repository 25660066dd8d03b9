--
-- Invantive Vision: rights maintained by profile options, and the buttons of a screen (acceptance C11, E11).
-- How rules keep up with what happens to their table: auto_grant.sql.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('controllers'), acl_create_account('controllers abroad'); END $$;
SET docacl.account = 'controllers';
CREATE TABLE ir_user (login text PRIMARY KEY, name text NOT NULL);
CREATE TABLE ir_project (id int PRIMARY KEY, name text NOT NULL, controller text REFERENCES ir_user, developer text REFERENCES ir_user);
CREATE TABLE ir_order (id int PRIMARY KEY, project int REFERENCES ir_project, note text);
GRANT SELECT, INSERT, UPDATE, DELETE ON ir_user, ir_project, ir_order TO PUBLIC;
INSERT INTO ir_user VALUES ('carla', 'Carla'), ('chris', 'Chris'), ('dirk', 'Dirk'), ('ed', 'Ed');
INSERT INTO ir_project VALUES (1, 'P', NULL, NULL), (2, 'Q', NULL, NULL), (3, 'R', 'ed', NULL);
DO $$ BEGIN
  PERFORM acl_mirror('ir_user', 'user', 'login', 'name'), acl_mirror('ir_project', 'project', 'id', 'name');
  PERFORM acl_create('screen', 'Orders'), acl_create('screen', 'Order overview'), acl_create('screen', 'Budgets');
  PERFORM acl_grant('Users', 'change', 'screen', 'Orders');
  PERFORM acl_protect('ir_order', '{"project": "project", "function": {"constant": ["Orders", "Order overview"]}}', '{"key": "id"}');
END $$;
INSERT INTO ir_order VALUES (1, 1, 'of P'), (2, 2, 'of Q'), (3, 3, 'of R');
-- see / change / nothing on the orders of each project
CREATE FUNCTION rights(who text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(CASE WHEN acl_can_row(who, 'ir_order', o.id::text, 'change') THEN 'change '
                          WHEN acl_can_row(who, 'ir_order', o.id::text, 'see') THEN 'see ' ELSE '- ' END, '' ORDER BY o.id)
          || CASE WHEN sees(who, 'ir_order') <> coalesce(string_agg(o.id::text, ',' ORDER BY o.id) FILTER (WHERE acl_can_row(who, 'ir_order', o.id::text, 'see')), 'nothing')
                  THEN 'BUT SEES ' || sees(who, 'ir_order') ELSE '' END
   FROM ir_order AS o $$;

--
-- C11: option on, the controller of a project sees or changes it, in the same transaction; projects that had one, at once
--
SELECT acl_auto_grant('ir_project', 'controller', 'project', 'see', code => 'acl-pae-controller-see') AS none,
       acl_auto_grant('ir_project', 'controller', 'project', 'change', code => 'acl-pae-controller-change') AS none,
       acl_auto_grant('ir_project', 'developer', 'project', 'see', code => 'acl-pae-developer-see') AS none;
SELECT rights('Ed') AS "- - -";
SELECT acl_profile_option('acl-pae-controller-see', true);
SELECT rights('Ed') AS "- - see";
BEGIN;
UPDATE ir_project SET controller = 'carla' WHERE id = 1;
SELECT rights('Carla') AS "see - -";
COMMIT;
SELECT acl_profile_option('acl-pae-controller-change', true);
SELECT rights('Carla') AS "change - -", rights('Ed') AS "- - change", attempt('Carla', 'UPDATE ir_order SET note = ''x''') AS n1,
       attempt('Carla', 'INSERT INTO ir_order VALUES (4, 1, ''x'')') AS n1, attempt('Carla', 'DELETE FROM ir_order') AS n1;
-- editing alone is reading too
SELECT acl_profile_option('acl-pae-controller-see', false);
SELECT rights('Carla') AS "change - -";
-- two responsibilities are a union; each ends by itself
SELECT acl_profile_option('acl-pae-developer-see', true);
UPDATE ir_project SET developer = 'carla' WHERE id IN (1, 2);
SELECT rights('Carla') AS "change see -";
UPDATE ir_project SET controller = NULL WHERE id = 1;
SELECT rights('Carla') AS "see see -";
UPDATE ir_project SET controller = 'carla', developer = NULL WHERE id = 1;
SELECT rights('Carla') AS "change see -";

-- C11 not: no other project, nobody else; once replaced nothing is left but what was granted by hand
SELECT rights('Chris') AS "- - -", rights('Dirk') AS "- - -", attempt('Carla', 'INSERT INTO ir_order VALUES (4, 2, ''x'')') AS "42501", attempt('Carla', 'UPDATE ir_order SET note = ''x'' WHERE id = 2') AS n0;
SELECT acl_grant('Carla', 'see', 'project', 'P', note => 'by hand') AS t;
UPDATE ir_project SET controller = 'chris' WHERE id = 1;
SELECT rights('Carla') AS "see see -", rights('Chris') AS "change - -";
SELECT principal, source, coalesce(note, '') AS note, revoked_at IS NOT NULL AS closed FROM docacl.grant_list WHERE path = '/P' ORDER BY revoked_at, granted_at, principal, source;
SELECT acl_revoke('Carla', 'see', 'project', 'P') AS t;
SELECT rights('Carla') AS "- see -";
-- C11 not: nobody takes a rule's row away by hand, and a rule takes none of another's
SELECT complaint(NULL, 'SELECT acl_revoke(''Chris'', ''change'', ''project'', ''P'')');
-- C11 not: a code without -pae- does nothing, however it is switched
SELECT acl_auto_grant('ir_project', 'controller', 'project', 'full', code => 'acl-controller-change') AS none;
SELECT acl_profile_option('acl-controller-change', true);
UPDATE ir_project SET controller = 'dirk' WHERE id = 2;
SELECT rights('Dirk') AS "- change -";
SELECT acl_profile_option('acl-pae-controller-change', false);
-- C11 not: switched off, all that it gave is gone, by hand or not touched what was not its own
SELECT rights('Dirk') AS "- - -", rights('Chris') AS "- - -", rights('Ed') AS "- - -", rights('Carla') AS "- see -";
-- C11 not: another account's option is another's; and it takes an admin
SET docacl.account = 'controllers abroad';
SELECT acl_profile_option('acl-pae-controller-change', true);
SET docacl.account = 'controllers';
SELECT rights('Ed') AS "- - -", attempt('Ed', 'SELECT acl_profile_option(''acl-pae-controller-change'', true)') AS "42501",
       attempt('Ed', 'SELECT acl_auto_grant(''ir_project'', ''developer'', ''project'', ''change'')') AS "42501";
-- a project made with its controller; a project that goes; a rolled back appointment
SELECT acl_profile_option('acl-pae-controller-change', true);
INSERT INTO ir_project VALUES (4, 'S', 'ed', NULL);
INSERT INTO ir_order VALUES (4, 4, 'of S');
SELECT rights('Ed') AS "- - change change";
DELETE FROM ir_order WHERE id = 4;
DELETE FROM ir_project WHERE id = 4;
SELECT rights('Ed') AS "- - change", count(*) AS n0 FROM docacl.grant_list WHERE path = '/S';
BEGIN;
UPDATE ir_project SET controller = 'carla';
SELECT rights('Carla') AS "change change change", rights('Ed') AS "- - -";
ROLLBACK;
SELECT rights('Carla') AS "- see -", rights('Ed') AS "- - change";

--
-- E11: the buttons of a screen. For everybody, in each screen and project, what acl_buttons says is what statements then do.
--
CREATE TABLE ir_try (id int PRIMARY KEY, project int, note text);
GRANT SELECT, INSERT, UPDATE, DELETE ON ir_try TO PUBLIC;
DO $$ BEGIN PERFORM acl_protect('ir_try', '{"project": {"column": "project", "by": "key"}, "function": {"constant": ["Orders", "Order overview"]}}', '{"key": "id"}'); END $$;
INSERT INTO ir_try VALUES (0, NULL, 'of none'), (1, 1, 'of P'), (2, 2, 'of Q');
-- open, add, change, delete, as four letters; told: by acl_buttons, done: by statements
CREATE FUNCTION told(who text, screen text, project text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE said text;
   BEGIN
     BEGIN
       IF who IS NULL THEN PERFORM set_config('role', 'regress_stranger', true); ELSE PERFORM become(who); END IF;
       SELECT concat(CASE WHEN open THEN 'o' ELSE '-' END, CASE WHEN "add" THEN 'a' ELSE '-' END, CASE WHEN change THEN 'c' ELSE '-' END, CASE WHEN delete THEN 'd' ELSE '-' END)
         INTO STRICT said FROM acl_buttons(screen, project);
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN said; WHEN OTHERS THEN RETURN SQLSTATE;
     END;
   END $$;
CREATE FUNCTION done(who text, screen text, project text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     said text := '';
     tried text[];
     n bigint;
     at int := CASE project WHEN 'P' THEN 1 WHEN 'Q' THEN 2 ELSE 0 END;
   BEGIN
     FOREACH tried SLICE 1 IN ARRAY ARRAY[['o', 'SELECT FROM ir_try WHERE id = %1$s'], ['a', 'INSERT INTO ir_try VALUES (9, nullif(%1$s, 0), ''x'')'],
                                          ['c', 'UPDATE ir_try SET note = ''x'' WHERE id = %1$s'], ['d', 'DELETE FROM ir_try WHERE id = %1$s']] LOOP
       n := 0;
       BEGIN
         IF who IS NULL THEN PERFORM set_config('role', 'regress_stranger', true); ELSE PERFORM become(who); END IF;
         -- the table's first screen is asked where none is entered; others have to be, and are entered by who sees them
         IF screen <> 'Orders' THEN PERFORM acl_enter(screen, local => false); END IF;
         EXECUTE format(tried[2], at);
         GET DIAGNOSTICS n = ROW_COUNT;
         RAISE EXCEPTION USING ERRCODE = 'ZZ999';
       EXCEPTION WHEN SQLSTATE 'ZZ999' OR SQLSTATE '42501' OR SQLSTATE '42704' THEN NULL;
                 WHEN SQLSTATE '28000' THEN RETURN SQLSTATE;
       END;
       said := said || CASE WHEN n = 1 THEN tried[1] ELSE '-' END;
     END LOOP;
     RETURN said;
   END $$;
DO $$ BEGIN
  PERFORM acl_create_role('Overview'), acl_grant('Overview', 'open', 'screen', 'Order overview');
  PERFORM acl_create_user('opens', 'opens@controllers.example', 'Overview'), acl_grant('opens', 'change', 'project', 'P');
  PERFORM acl_create_user('clerk', 'clerk@controllers.example', 'Users'), acl_grant('clerk', 'change', 'project', 'P'), acl_grant('clerk', 'see', 'project', 'Q');
  PERFORM acl_create_user('guest', 'guest@controllers.example', 'Users', read_only => true), acl_grant('guest', 'change', 'project', 'P');
  PERFORM acl_create_user('boss', 'boss@controllers.example', 'Administrators');
  PERFORM acl_create_user('gone', 'gone@controllers.example', 'Users'), acl_grant('gone', 'change', 'project', 'P'), acl_alter_user('gone', enabled => false);
END $$;
SELECT coalesce(who, '(nobody)') AS who, screen, coalesce(project, '(none)') AS project, told(who, screen, project),
       CASE WHEN done(who, screen, project) <> told(who, screen, project) THEN 'BUT ' || done(who, screen, project) ELSE '' END AS done
  FROM unnest(ARRAY['clerk', 'Dirk', 'Carla', 'boss', 'system']) WITH ORDINALITY AS w (who, w),
       unnest(ARRAY['Orders', 'Order overview']) AS screen, unnest(ARRAY['P', 'Q', NULL]) WITH ORDINALITY AS p (project, p)
 WHERE who IN ('clerk', 'boss') OR screen = 'Orders' ORDER BY w, screen DESC, p;
-- E11 not: open only shows no button; change on the screen and see on the project shows none for that project; a guest sees and no more
SELECT coalesce(who, '(nobody)') AS who, screen, coalesce(project, '(none)') AS project, told(who, screen, project),
       CASE WHEN done(who, screen, project) <> told(who, screen, project) THEN 'BUT ' || done(who, screen, project) ELSE '' END AS done
  FROM (VALUES (1, 'opens', 'Order overview', 'P'), (2, 'opens', 'Order overview', NULL), (3, 'opens', 'Orders', 'P'), (4, 'clerk', 'Orders', 'Q'), (5, 'guest', 'Orders', 'P'),
               (6, 'gone', 'Orders', 'P'), (7, NULL, 'Orders', 'P'), (8, NULL, 'Orders', NULL)) AS v (v, who, screen, project) ORDER BY v;
-- E11 not: what does not exist, what one does not see and what is another account's have no buttons, and no difference
SET docacl.account = 'controllers abroad';
DO $$ BEGIN
  PERFORM acl_create('screen', 'Foreign'), acl_create('project', 'Foreign'), acl_create_user('tess', 'tess@abroad.example', 'Users');
  PERFORM acl_grant('tess', 'change', 'screen', 'Foreign'), acl_grant('tess', 'change', 'project', 'Foreign');
END $$;
SELECT told('tess', 'Foreign', 'Foreign') AS oacd, told('tess', 'Orders', 'P') AS "----", told('tess', 'Foreign', 'P') AS "----";
SET docacl.account = 'controllers';
SELECT told('clerk', 'Nonsense', NULL) AS "----", told('clerk', 'Budgets', 'P') AS "----", told('clerk', 'Foreign', 'P') AS "----", told('clerk', 'Orders', 'Nonsense') AS "----",
       told('clerk', 'Orders', 'R') AS "----", told('clerk', 'Orders', 'Foreign') AS "----", told('clerk', 'Orders', '*') AS "----", told('clerk', '*', 'P') AS "----", told('clerk', NULL, 'P') AS "22023";
BEGIN;
SELECT become('clerk');
SELECT b.* FROM acl_buttons('Orders', (SELECT id FROM docacl.resource WHERE kind = 'project' AND name = 'P')) AS b;
SELECT b.* FROM acl_buttons('Orders', (SELECT id FROM docacl.resource WHERE kind = 'function' AND name = 'Orders')) AS b;
SELECT b.* FROM acl_buttons('Orders', -1::bigint) AS b;
SELECT b.* FROM acl_buttons('Orders') AS b;
ROLLBACK;
-- E11 not: a closed project (acl_set_limit) shows no more buttons than the database obeys; admins and system have theirs
BEGIN;
SELECT acl_set_limit('project', 'P', 'view');
SELECT who, told(who, 'Orders', 'P') AS told, CASE WHEN done(who, 'Orders', 'P') <> told(who, 'Orders', 'P') THEN 'BUT ' || done(who, 'Orders', 'P') ELSE '' END AS done
  FROM unnest(ARRAY['clerk', 'Dirk', 'boss', 'system']) AS who;
ROLLBACK;
-- E11: an API key acts in its environment alone: in a table without one it has no buttons and no rows
DO $$ BEGIN PERFORM acl_create('environment', 'Live'); PERFORM set_config('regress.key', acl_create_api_key('Live', 'importer'), false); PERFORM acl_grant('importer', 'change', 'project', 'P'), acl_grant('importer', 'change', 'screen', 'Orders'); END $$;
BEGIN;
SET LOCAL ROLE regress_app;
SELECT acl_login(current_setting('regress.key'));
SELECT acl_user(), b.*, (SELECT count(*) FROM ir_try) AS n0 FROM acl_buttons('Orders', 'P') AS b;
ROLLBACK;
-- E11: every pair of rights on screen and project, also those that no screen of Vision gives
DO $$ BEGIN PERFORM acl_create_user('pair', 'pair@controllers.example', 'Overview'), acl_unassign('Overview', 'pair'); END $$;
CREATE TEMP TABLE compared (f text, p text, project text, told text, done text);
DO $$
DECLARE
  rights text[] := ARRAY['', 'read', 'add', 'delete', 'read,write', 'read,add', 'read,delete', 'write,add,delete', 'change'];
  f text;
  p text;
BEGIN
  FOREACH f IN ARRAY rights LOOP
    PERFORM acl_set_grant('pair', f, 'screen', 'Orders');
    FOREACH p IN ARRAY rights LOOP
      PERFORM acl_set_grant('pair', p, 'project', 'P');
      INSERT INTO compared SELECT f, p, project, told('pair', 'Orders', project), done('pair', 'Orders', project) FROM unnest(ARRAY['P', NULL]) AS project;
    END LOOP;
  END LOOP;
END $$;
SELECT f, p, project, told, done FROM compared WHERE told <> done;
SELECT count(*) AS "162", count(*) FILTER (WHERE told <> done) AS n0, string_agg(DISTINCT told, ' ' ORDER BY told) FROM compared;
