--
-- setup: the extension, the roles and the helpers that every other file uses.
--
-- Conventions: a column's name is what its value must be where that is short enough (t, f, n3);
-- "-- fail" stands beside what must fail; a persona's part begins with "viewpoint of".
-- Nothing here catches an error to call it "blocked": helpers return the SQLSTATE, and the expected
-- file says which.
--
SET client_min_messages = warning;
CREATE EXTENSION docacl;
RESET client_min_messages;

-- the application's pool: trusted to say who is asking, and nothing else
CREATE ROLE regress_app LOGIN;
DO $$ BEGIN PERFORM acl_trust('regress_app'); END $$;
-- a database role that docacl knows nothing about
CREATE ROLE regress_stranger LOGIN;
-- nobody may call himself system: it takes a database role that a superuser mapped to it
CREATE ROLE regress_system LOGIN;
DO $$ BEGIN PERFORM acl_map('regress_system', 'system'); END $$;

--
-- Attackers' functions, so cheap that the planner calls them as early as it may.
-- f_leak tells the client what it was shown; f_snoop remembers how many rows it was shown.
--
CREATE FUNCTION f_leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
$$ BEGIN RAISE NOTICE 'f_leak => %', $1; RETURN true; END $$;

CREATE FUNCTION f_snoop(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
$$ BEGIN
     PERFORM set_config('regress.seen', coalesce(current_setting('regress.seen', true), '') || '.', true);
     RETURN true;
   END $$;

-- For the rest of the (sub)transaction this session is a user of the account at hand.
CREATE FUNCTION become(who text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
     IF who = 'system' THEN
       PERFORM set_config('role', 'regress_system', true);
     ELSE
       PERFORM set_config('role', 'regress_app', true);
       PERFORM acl_set_user(who, local => false);
     END IF;
   END $$;

-- What a statement does for a user of the account at hand, undone afterwards: the number of rows, or the
-- SQLSTATE. More rows shown to f_snoop than the statement returned or changed is a leak, and said so.
CREATE FUNCTION attempt(who text, statement text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     n bigint;
     seen int;
   BEGIN
     BEGIN
       PERFORM become(who);
       PERFORM set_config('regress.seen', '', true);
       EXECUTE statement;
       GET DIAGNOSTICS n = ROW_COUNT;
       seen := length(current_setting('regress.seen', true));
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION
       WHEN SQLSTATE 'ZZ999' THEN
         RETURN n || CASE WHEN seen > n THEN ' LEAK: shown ' || seen ELSE '' END;
       WHEN OTHERS THEN
         RETURN SQLSTATE;
     END;
   END $$;

-- The ids that a user's SELECT returns, f_snoop looking on.
CREATE FUNCTION sees(who text, relation text, key text DEFAULT 'id') RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     ids text;
     n bigint;
     seen int;
   BEGIN
     BEGIN
       PERFORM become(who);
       PERFORM set_config('regress.seen', '', true);
       EXECUTE format('SELECT coalesce(string_agg(%1$I::text, '','' ORDER BY %1$I), ''nothing''), count(*) FROM %2$s WHERE f_snoop(%1$I::text)',
                      key, relation) INTO ids, n;
       seen := length(current_setting('regress.seen', true));
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION
       WHEN SQLSTATE 'ZZ999' THEN
         RETURN ids || CASE WHEN seen > n THEN ' LEAK: shown ' || seen ELSE '' END;
       WHEN OTHERS THEN
         RETURN SQLSTATE;
     END;
   END $$;

-- What is said about a statement: SQLSTATE, message, detail and hint. Without a user: as this session.
-- The statement is undone where it succeeds, so that a missing error shows and does no harm.
CREATE FUNCTION complaint(who text, statement text) RETURNS SETOF text LANGUAGE plpgsql AS
$$ DECLARE
     said text;
     detail text;
     hint text;
   BEGIN
     BEGIN
       IF who IS NOT NULL THEN
         PERFORM become(who);
       END IF;
       EXECUTE statement;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION
       WHEN SQLSTATE 'ZZ999' THEN
         RETURN NEXT 'no error';
         RETURN;
       WHEN OTHERS THEN
         GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
         RETURN NEXT SQLSTATE || '  ' || said;
         IF detail <> '' THEN RETURN NEXT '       detail: ' || detail; END IF;
         IF hint <> '' THEN RETURN NEXT '       hint:   ' || hint; END IF;
     END;
   END $$;

-- The law that ties both surfaces: how many (user, row) pairs there are where SELECT and acl_can_row
-- do not say the same. Every enabled user of the account at hand is asked about every row.
CREATE FUNCTION disagreements(users text[], relation text, key text DEFAULT 'id') RETURNS bigint LANGUAGE plpgsql AS
$$ DECLARE
     who text;
     row_key text;
     shown text[];
     n bigint := 0;
   BEGIN
     FOREACH who IN ARRAY users LOOP
       shown := string_to_array(sees(who, relation, key), ',');
       FOR row_key IN EXECUTE format('SELECT %I::text FROM %s', key, relation) LOOP
         IF acl_can_row(who, relation::regclass, row_key, 'read') IS DISTINCT FROM (row_key = ANY (shown)) THEN
           n := n + 1;
         END IF;
       END LOOP;
     END LOOP;
     RETURN n;
   END $$;

-- A user of the account at hand with his roles; e-mail and key are made from his name.
CREATE FUNCTION person(name text, VARIADIC roles text[]) RETURNS void LANGUAGE plpgsql AS
$$ DECLARE
     account text := replace(current_setting('docacl.account'), ' ', '-');
   BEGIN
     PERFORM acl_create_user(name, replace(lower(name), ' ', '.') || '@' || account || '.example', roles[1],
                             key => account || ':' || name);
     FOR i IN 2..cardinality(roles) LOOP
       PERFORM acl_assign(roles[i], name);
     END LOOP;
   END $$;

-- the helpers notice what they are for: an unprotected table leaks, a wrong word is reported by its code
CREATE TABLE open_table (id int, secret text);
INSERT INTO open_table VALUES (1, 'one'), (2, 'two');
GRANT SELECT ON open_table TO PUBLIC;
DO $$ BEGIN PERFORM acl_create_user('probe', 'probe@setup.example', 'Users'); END $$;
SELECT attempt('probe', 'SELECT 1 FROM open_table WHERE f_snoop(secret)') AS n2;
SELECT attempt('probe', 'SELECT 1 FROM open_table WHERE f_snoop(secret) AND secret = ''two''') AS "n1, shown 2";
SELECT attempt('probe', 'DELETE FROM open_table') AS "42501";
SELECT attempt('no such user', 'SELECT 1') AS "42704";
SELECT sees('probe', 'open_table') AS "1,2";
SELECT current_user = session_user AS t;
SELECT acl_user() IS NULL AS t;
DO $$ BEGIN PERFORM acl_drop_user('probe'); END $$;
DROP TABLE open_table;
