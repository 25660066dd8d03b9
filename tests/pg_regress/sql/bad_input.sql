--
-- Bad input: each with its SQLSTATE, its message and a hint, and nothing changed.
--
-- complaint() prints what is said; "no error" is a bug. The counts at the end say that nothing was left behind.
--
\t on
\a
SET docacl.account = 'main';
DO $$ BEGIN
  PERFORM acl_create_account('second');
  PERFORM acl_create('location', 'A');
  PERFORM acl_create('location', 'B', 'A');
  PERFORM acl_create('document type', 'T');
  PERFORM acl_create('environment', 'E', 'main');
  PERFORM acl_create('company', 'C', 'E');
  PERFORM acl_create('form', 'F');
  PERFORM acl_create_role('Outer');
  PERFORM acl_create_role('Inner');
  PERFORM acl_assign('Outer', 'Inner');
  PERFORM acl_create_user('ann', 'ann@bad.example', 'Users');
END $$;
SET docacl.account = 'second';
SELECT acl_create('location', 'Foreign') AS foreign \gset
SELECT acl_create_user('foreigner', 'foreigner@bad.example', 'Users') IS NOT NULL;
SET docacl.account = 'main';
CREATE TABLE bi_document (
  id int PRIMARY KEY, place bigint, type text, amount numeric, flag boolean, words jsonb, list bigint, list4 int, required bigint NOT NULL DEFAULT 0,
  doubled bigint GENERATED ALWAYS AS (place * 2) STORED
);
CREATE TABLE bi_parent (id bigint PRIMARY KEY);
CREATE TABLE bi_nulling (id int PRIMARY KEY, place bigint REFERENCES bi_parent ON DELETE SET NULL);
CREATE TABLE bi_base (id int PRIMARY KEY, place bigint);
CREATE TABLE bi_child () INHERITS (bi_base);
CREATE VIEW bi_view AS SELECT * FROM bi_document;
CREATE MATERIALIZED VIEW bi_matview AS SELECT * FROM bi_base;
CREATE SEQUENCE bi_sequence;
CREATE TEMPORARY TABLE bi_temporary (id int PRIMARY KEY, place bigint);
CREATE TABLE bi_gate (id int PRIMARY KEY, place bigint, list bigint);
CREATE TABLE bi_listless (id int PRIMARY KEY, place bigint);
GRANT SELECT, INSERT, UPDATE, DELETE ON bi_gate TO PUBLIC;
DO $$ BEGIN PERFORM acl_protect('bi_gate', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "own_acl": "list", "default": true}'); END $$;
DO $$ BEGIN PERFORM acl_protect('bi_listless', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}'); END $$;
INSERT INTO bi_listless VALUES (1, NULL);

-- what there is before
CREATE TABLE bi_before AS
SELECT (SELECT count(*) FROM docacl.resource) AS resources, (SELECT count(*) FROM docacl.principal) AS principals,
       (SELECT count(*) FROM docacl.grants) AS grants, (SELECT count(*) FROM docacl.membership) AS members, (SELECT count(*) FROM docacl.kind) AS kinds,
       (SELECT count(*) FROM docacl.action) AS actions, (SELECT count(*) FROM docacl.protected_table) AS tables, (SELECT count(*) FROM docacl.event) AS events,
       (SELECT count(*) FROM pg_policy) AS policies, (SELECT count(*) FROM pg_trigger) AS triggers, (SELECT count(*) FROM pg_class WHERE relrowsecurity) AS secured;

\echo === unknown principal
SELECT complaint(NULL, $$ SELECT acl_grant('nobody', 'view', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_revoke('nobody', 'view', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_set_grant('nobody', 'view', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_copy_grants('nobody', 'ann') $$);
SELECT complaint(NULL, $$ SELECT acl_copy_grants('ann', 'nobody') $$);
SELECT complaint(NULL, $$ SELECT acl_assign('nobody', 'ann') $$);
SELECT complaint(NULL, $$ SELECT acl_assign('Outer', 'nobody') $$);
SELECT complaint(NULL, $$ SELECT acl_assign('ann', 'Outer') $$);
SELECT complaint(NULL, $$ SELECT acl_create_user('new', 'new@bad.example', 'nobody') $$);
SELECT complaint(NULL, $$ SELECT acl_create_user('new', 'new@bad.example', 'ann') $$);
SELECT complaint(NULL, $$ SELECT acl_alter_user('nobody', enabled => false) $$);
SELECT complaint(NULL, $$ SELECT acl_alter_role('nobody', enabled => false) $$);
SELECT complaint(NULL, $$ SELECT acl_drop_user('nobody') $$);
SELECT complaint(NULL, $$ SELECT acl_drop_role('nobody') $$);
SELECT complaint(NULL, $$ SELECT acl_can('nobody', 1, 'view') $$);
SELECT complaint(NULL, $$ SELECT acl_set_user('nobody', local => false) $$);
SELECT complaint(NULL, $$ SELECT acl_map('regress_stranger', 'nobody') $$);
SELECT complaint(NULL, $$ SELECT acl_map('regress_no_role', 'ann') $$);
SELECT complaint(NULL, $$ SELECT acl_trust('regress_no_role') $$);

\echo === unknown kind
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', 'planet', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_create('planet', 'Mars') $$);
SELECT complaint(NULL, $$ SELECT acl_set_kind('planet', true) $$);
SELECT complaint(NULL, $$ SELECT acl_can_on('ann', 'planet', 'Mars', 'view') $$);

\echo === unknown resource
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', 'location', 'Nowhere') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', 'location', -1) $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', 'location', '/A/B/C') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', 'location', 'A//B') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', 'location', '') $$);
SELECT complaint(NULL, $$ SELECT acl_create('location', 'X', 'Nowhere') $$);
SELECT complaint(NULL, $$ SELECT acl_rename('location', 'Nowhere', 'X') $$);
SELECT complaint(NULL, $$ SELECT acl_move('location', 'Nowhere', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_drop('location', 'Nowhere') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', 'document', '99') $$);
SELECT complaint(NULL, $$ SELECT acl_grant_row('ann', 'view', 'bi_gate', '99') $$);

\echo === unknown action
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'fly', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view, fly', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view edit', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view,', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_revoke('ann', 'fly', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_can('ann', 1, 'fly') $$);
SELECT complaint(NULL, $$ SELECT acl_can('ann', 1, '') $$);
SELECT complaint(NULL, $$ SELECT acl_can_on('ann', 'location', 'A', 'fly') $$);

\echo === an action that does not apply to the kind
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'enter', 'document type', 'T') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'manage_users', 'environment', 'E') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'configure', 'company', 'C') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'read', 'form', 'F') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'work_queue', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view, approve', 'company', 'C') $$);

\echo === across accounts
SELECT complaint(NULL, format($$ SELECT acl_grant('ann', 'view', 'location', %s) $$, :foreign));
SELECT complaint(NULL, $$ SELECT acl_grant('foreigner', 'view', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('foreigner@bad.example', 'view', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_assign('Outer', 'foreigner@bad.example') $$);
SELECT complaint(NULL, $$ SELECT acl_copy_grants('ann', 'foreigner@bad.example') $$);
SELECT complaint(NULL, format($$ SELECT acl_create('location', 'X', %s) $$, :foreign));
SELECT complaint(NULL, format($$ SELECT acl_move('location', 'B', %s) $$, :foreign));
SELECT complaint(NULL, $$ SELECT acl_create('environment', 'X', 'second') $$);

\echo === cycles, and parents of the wrong kind
SELECT complaint(NULL, $$ SELECT acl_move('location', 'A', 'B') $$);
SELECT complaint(NULL, $$ SELECT acl_move('location', 'A', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_assign('Inner', 'Outer') $$);
SELECT complaint(NULL, $$ SELECT acl_assign('Inner', 'Inner') $$);
SELECT complaint(NULL, $$ SELECT acl_create('company', 'X', 'main') $$);
SELECT complaint(NULL, $$ SELECT acl_create('company', 'X') $$);
SELECT complaint(NULL, $$ SELECT acl_create('client', 'X', 'E') $$);
SELECT complaint(NULL, $$ SELECT acl_create('environment', 'X', 'C') $$);
SELECT complaint(NULL, $$ SELECT acl_create('queue', 'X', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_create('account', 'X', 'main') $$);
SELECT complaint(NULL, $$ SELECT acl_create('document', '1') $$);
SELECT complaint(NULL, $$ SELECT acl_move('company', 'C', NULL) $$);

\echo === names: blank, too long, control characters, the star
SELECT complaint(NULL, $$ SELECT acl_create('location', '') $$);
SELECT complaint(NULL, $$ SELECT acl_create('location', E' \t ') $$);
SELECT complaint(NULL, $$ SELECT acl_create('location', repeat('x', 256)) $$);
SELECT complaint(NULL, $$ SELECT acl_create('location', E'a\nb') $$);
SELECT complaint(NULL, $$ SELECT acl_create('location', E'a\u0085b') $$);
SELECT complaint(NULL, $$ SELECT acl_create('location', '*') $$);
SELECT complaint(NULL, $$ SELECT acl_rename('location', 'A', ' ') $$);
SELECT complaint(NULL, $$ SELECT acl_create_account('') $$);
SELECT complaint(NULL, $$ SELECT acl_create_account(E'a\rb') $$);
SELECT complaint(NULL, $$ SELECT acl_create_role('') $$);
SELECT complaint(NULL, $$ SELECT acl_create_role(repeat('x', 256)) $$);
SELECT complaint(NULL, $$ SELECT acl_create_user(E'a\nb', 'x@bad.example', 'Users') $$);
SELECT complaint(NULL, $$ SELECT acl_create_user('', 'x@bad.example', 'Users') $$);
SELECT complaint(NULL, $$ SELECT acl_create_user('x', '', 'Users') $$);
SELECT complaint(NULL, $$ SELECT acl_create_user('x', E'x\n@bad.example', 'Users') $$);
SELECT complaint(NULL, $$ SELECT acl_alter_user('ann', name => '') $$);
SELECT complaint(NULL, $$ SELECT acl_alter_role('Inner', name => E'\n') $$);
SELECT complaint(NULL, $$ SELECT acl_create_kind('', true) $$);
SELECT complaint(NULL, $$ SELECT acl_create_kind(repeat('x', 256), true) $$);
SELECT complaint(NULL, $$ SELECT acl_create_action(' ') $$);
SELECT complaint(NULL, $$ SELECT acl_create_action('a,b') $$);
SELECT complaint(NULL, $$ SELECT acl_create_action('full') $$);
SELECT complaint(NULL, $$ SELECT acl_create_role('x', purpose => 'fun') $$);

\echo === NULL
SELECT complaint(NULL, $$ SELECT acl_create_account(NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_create(NULL, 'X') $$);
SELECT complaint(NULL, $$ SELECT acl_create('location', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_rename('location', 'A', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_set_inherits('location', 'A', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_drop('location', NULL::text) $$);
SELECT complaint(NULL, $$ SELECT acl_create_user(NULL, 'x@bad.example', 'Users') $$);
SELECT complaint(NULL, $$ SELECT acl_create_user('x', NULL, 'Users') $$);
SELECT complaint(NULL, $$ SELECT acl_create_user('x', 'x@bad.example', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_create_role(NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_create_role('x', purpose => NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_alter_user(NULL, enabled => false) $$);
SELECT complaint(NULL, $$ SELECT acl_drop_user(NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_drop_role(NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_assign(NULL, 'ann') $$);
SELECT complaint(NULL, $$ SELECT acl_assign('Outer', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_unassign('Outer', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_create_kind(NULL, true) $$);
SELECT complaint(NULL, $$ SELECT acl_create_kind('x', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_create_action(NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_set_kind('location', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_map(NULL, 'ann') $$);
SELECT complaint(NULL, $$ SELECT acl_map('regress_stranger', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_unmap(NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_trust(NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_distrust(NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_grant(NULL, 'view', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', NULL, 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', NULL, 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', 'location', NULL::text) $$);
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', 'location', NULL::bigint) $$);
SELECT complaint(NULL, $$ SELECT acl_revoke(NULL, 'view', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_revoke('ann', NULL, 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_set_grant('ann', NULL, 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_copy_grants(NULL, 'ann') $$);
SELECT complaint(NULL, $$ SELECT acl_grant_row('ann', 'view', NULL, '1') $$);
SELECT complaint(NULL, $$ SELECT acl_grant_row('ann', 'view', 'bi_gate', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_revoke_row('ann', 'view', 'bi_gate', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_set_row_inherits('bi_gate', NULL, false) $$);
SELECT complaint(NULL, $$ SELECT acl_can(NULL, 1, 'view') $$);
SELECT complaint(NULL, $$ SELECT acl_can('ann', NULL::bigint, 'view') $$);
SELECT complaint(NULL, $$ SELECT acl_can('ann', 1, NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_can(1, NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_can_row('ann', NULL, '1', 'view') $$);
SELECT complaint(NULL, $$ SELECT acl_can_row('ann', 'bi_gate', NULL, 'view') $$);
SELECT complaint(NULL, $$ SELECT acl_can_on('ann', 'location', NULL::text, 'view') $$);
SELECT complaint(NULL, $$ SELECT acl_actions(NULL, 1) $$);
SELECT complaint(NULL, $$ SELECT acl_actions_on('ann', NULL, 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_require(1, NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_set_user(NULL, local => false) $$);
SELECT complaint(NULL, $$ SELECT acl_set_user('ann', local => NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_protect(NULL, '{"location": "place"}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', NULL, '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": "place"}', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": null}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": "place"}', '{"key": null}') $$);

\echo === periods that end before they begin, and lists of everybody else
SELECT complaint(NULL, $$ SELECT acl_grant('ann', 'view', 'location', 'A', valid_from => '2030-01-01', valid_until => '2029-01-01') $$);
SELECT complaint(NULL, $$ SELECT acl_assign('Outer', 'ann', valid_from => '2030-01-01', valid_until => '2030-01-01') $$);
SELECT complaint(NULL, $$ SELECT acl_grant('system', 'view', 'location', 'A') $$);
SELECT complaint(NULL, $$ SELECT acl_assign('Outer', 'system') $$);
SELECT complaint(NULL, $$ SELECT acl_assign('everyone', 'ann') $$);

\echo === protecting: what cannot be protected
SELECT complaint(NULL, $$ SELECT acl_protect('bi_view', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_matview', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_sequence', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document_pkey', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('pg_class', '{"location": {"column": "oid", "by": "id"}}', '{"key": "oid"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('information_schema.tables', '{"location": {"column": "oid", "by": "id"}}', '{"key": "oid"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('docacl.resource', '{"location": {"column": "id", "by": "id"}}', '{"key": "id"}') $$);
SELECT regexp_replace(complaint(NULL, $$ SELECT acl_protect('bi_temporary', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$), 'pg_temp_\d+', 'pg_temp');
SELECT complaint(NULL, $$ SELECT acl_protect('bi_base', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_child', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('no_such_table', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);

\echo === protecting: gates
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"planet": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"queue": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "no_column", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "ctid", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "amount", "by": "key"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "flag", "by": "key"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "type", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "list4", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "doubled", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "name"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "bye": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": 5}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"constant": ["A"]}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"function": {"constant": []}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"function": {"constant": [1]}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"function": {"constant": "Orders", "column": "place"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}, "place": {"column": "required", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '[]', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '"place"', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_nulling', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
INSERT INTO bi_document (id, place) VALUES (1, -1);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": "place"}', '{"key": "id"}') $$);
DELETE FROM bi_document;

\echo === protecting: options
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"keys": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '[]') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "no_column"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": 1}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "type"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "owner": "no_column"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "owner": "amount"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "immutable": "type"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "own_acl": "list4"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "own_acl": "required"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"type": {"column": "place", "by": "id"}}', '{"key": "id", "own_acl": "place"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "columns": {"no_column": "rename"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "columns": {"type": "fly"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "columns": {"place": "rename"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "columns": ["type"]}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "required": ["planet"]}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "required": ["project"]}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "default": "yes"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "default": true}') $$);

\echo === who may not protect, and questions about what is not protected
SELECT complaint('ann', $$ SELECT acl_protect('bi_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_can_row('ann', 'bi_document', '1', 'view') $$);
SELECT complaint(NULL, $$ SELECT acl_can_row('ann', 'bi_view', '1', 'view') $$);
SELECT complaint(NULL, $$ SELECT acl_grant_row('ann', 'view', 'bi_document', '1') $$);
SELECT complaint(NULL, $$ SELECT acl_grant_row('ann', 'view', 'bi_gate', 'one') $$);
SELECT complaint(NULL, $$ SELECT acl_grant_row('ann', 'view', 'bi_listless', '1') $$);
SELECT complaint(NULL, $$ SELECT acl_set_row_inherits('bi_listless', '1', false) $$);

\echo === rows: references to nothing, to the wrong thing
SELECT complaint(NULL, 'INSERT INTO bi_gate VALUES (1, -1)');
SELECT complaint(NULL, format('INSERT INTO bi_gate VALUES (1, %s)', (SELECT id FROM docacl.resource WHERE kind = 'document_type' AND name = 'T')));

\echo === nothing was left behind
SELECT b.resources = (SELECT count(*) FROM docacl.resource) AND b.principals = (SELECT count(*) FROM docacl.principal)
       AND b.grants = (SELECT count(*) FROM docacl.grants) AND b.members = (SELECT count(*) FROM docacl.membership)
       AND b.kinds = (SELECT count(*) FROM docacl.kind) AND b.actions = (SELECT count(*) FROM docacl.action)
       AND b.tables = (SELECT count(*) FROM docacl.protected_table) AND b.events = (SELECT count(*) FROM docacl.event)
       AND b.policies = (SELECT count(*) FROM pg_policy) AND b.triggers = (SELECT count(*) FROM pg_trigger)
       AND b.secured = (SELECT count(*) FROM pg_class WHERE relrowsecurity) FROM bi_before AS b;

\echo === names that work: quotes, slashes, backslashes, unicode, blanks, keywords, 255 characters
\a
\t off
CREATE TABLE bi_name (n int, name text);
INSERT INTO bi_name VALUES
  (1, 'it''s "quoted"'), (2, 'a/b'), (3, '/'), (4, 'back\slash'), (5, 'Übergrößenträger'), (6, '文書'), (7, '🗄️ archive'), (8, ' padded '),
  (9, 'select * from "x"; --'), (10, '%s %1$s %I'), (11, repeat('ü', 255)), (12, '{"a": 1}'), (13, 'NULL'), (14, '\'), (15, '123'), (16, 'x\/y');
DO $$
DECLARE
  r bi_name;
BEGIN
  FOR r IN SELECT * FROM bi_name LOOP
    PERFORM acl_create('location', r.name, key => 'name ' || left(r.name, 250));
    PERFORM acl_create_role('role ' || left(r.name, 250));
    PERFORM acl_create_user(left(r.name, 255), 'n' || r.n || '@bad.example', 'role ' || left(r.name, 250), key => 'user ' || left(r.name, 250));
    PERFORM acl_grant('role ' || left(r.name, 250), 'view', 'location', (SELECT id FROM docacl.resource WHERE key = 'name ' || left(r.name, 250)));
  END LOOP;
END $$;
INSERT INTO bi_gate (id, place) SELECT b.n, (SELECT id FROM docacl.resource WHERE key = 'name ' || left(b.name, 250)) FROM bi_name AS b;
SELECT n, left(name, 24) AS name, sees(name, 'bi_gate') = n::text AS t, acl_can(name, n, 'view') AS t,
       acl_can_on(name, 'location', (SELECT id FROM docacl.resource WHERE key = 'name ' || left(b.name, 250)), 'view') AS t
  FROM bi_name AS b ORDER BY n;
-- by name too: what is no path is its own name
SELECT n, left(name, 24) AS name, acl_can_on(name, 'location', regexp_replace(regexp_replace(name, '(\\+)(/|$)', '\1\1\2', 'g'), '/', '\/', 'g'), 'view') AS t FROM bi_name ORDER BY n;
SELECT n, left(name, 24) AS name, acl_can_on(name, 'location', name, 'view') AS t FROM bi_name ORDER BY n;
