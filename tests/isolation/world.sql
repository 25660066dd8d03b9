-- The database that every spec starts from, and the functions that bring it back between permutations.
--
-- Ten documents: 1-5 lie in HR, 6-10 in Sales. Ann is a clerk and a seller; clerks may enter HR, sellers nothing yet.
-- Beside docacl's table stands one under plain row security, written as its documentation recommends, to show which races
-- that has. The reader's database role is regress_app for both.
SET client_min_messages = warning;
CREATE EXTENSION docacl;
CREATE ROLE regress_app;
SELECT acl_trust('regress_app');

SELECT acl_create('location', 'HR'), acl_create('location', 'Sales'), acl_create('location', 'Cellar');
SELECT acl_create_role('clerks'), acl_create_role('sellers'), acl_create_role('staff');
SELECT acl_create_user('ann', 'ann@x.example', 'clerks'), acl_create_user('bob', 'bob@x.example', 'sellers'),
       acl_create_user('boss', 'boss@x.example', 'Administrators');
SELECT acl_assign('sellers', 'ann');
SELECT acl_set_inherits('location', 'Cellar', true);

CREATE TABLE doc (id bigint PRIMARY KEY, title text, note text, location_id bigint NOT NULL, own_acl bigint);
CREATE TABLE plain_doc (id bigint PRIMARY KEY, note text, place text NOT NULL);
CREATE TABLE plain_grant (who name, place text, PRIMARY KEY (who, place));
ALTER TABLE plain_doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON plain_doc USING (place IN (SELECT g.place FROM plain_grant AS g WHERE g.who = current_user));
GRANT SELECT, INSERT, UPDATE, DELETE ON doc, plain_doc, plain_grant TO regress_app;
SELECT FROM acl_protect('doc', '{"location": "location_id"}', '{"key": "id", "own_acl": "own_acl", "columns": {"title": "rename"}, "default": true}');
CREATE TABLE journal (at timestamptz DEFAULT clock_timestamp(), line text);
GRANT SELECT, INSERT ON journal TO regress_app;

-- What clerks may do in HR at the beginning of every permutation.
CREATE FUNCTION world() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place text;
BEGIN
    DELETE FROM journal;
    DELETE FROM doc;
    DELETE FROM plain_doc;
    DELETE FROM plain_grant;
    INSERT INTO doc (id, title, note, location_id)
    SELECT n, 't', 'old', (SELECT id FROM docacl.resource WHERE kind = 'location' AND name = CASE WHEN n <= 5 THEN 'HR' ELSE 'Sales' END)
    FROM generate_series(1, 10) AS n;
    INSERT INTO plain_doc SELECT n, 'old', CASE WHEN n <= 5 THEN 'HR' ELSE 'Sales' END FROM generate_series(1, 10) AS n;
    INSERT INTO plain_grant VALUES ('regress_app', 'HR');
    FOREACH place IN ARRAY ARRAY['HR', 'Sales', 'Cellar'] LOOP
        PERFORM acl_set_grant('clerks', '', 'location', place), acl_set_grant('sellers', '', 'location', place),
                acl_set_grant('staff', '', 'location', place), acl_set_grant('ann', '', 'location', place);
    END LOOP;
    PERFORM acl_set_grant('clerks', 'enter, view, add, edit, rename, delete, move', 'location', 'HR');
END
$$;

-- Logs a session in as a user for all its statements; says nothing.
CREATE FUNCTION be(who text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM acl_set_user(who, local => false); END $$;
