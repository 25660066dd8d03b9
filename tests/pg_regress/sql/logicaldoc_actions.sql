--
-- LogicalDOC: its twenty-five permissions one by one, each with the SQL that it lets through, on the tables that
-- acl_create_documents makes and on an application's tables beside them (logicaldoc_folders: the folders' side).
--
-- For each action X there is "X", who holds read and X on the folder F, and "X alone", who holds X without read; "read" holds
-- nothing but read. What is asked of the folder itself knows no such rule (download, import, export, archive, automation, store,
-- security): there "X alone" may. Everyone reads and adds in G, so that a move has somewhere to go.
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('logicaldoc actions'); END $$;
SET docacl.account = 'logicaldoc actions';
SELECT acl_create('folder', 'F') AS f \gset
SELECT acl_create('folder', 'G') AS g \gset
DO $$
DECLARE
  a text;
BEGIN
  PERFORM acl_create_documents('la_document');
  PERFORM acl_grant('everyone', 'read, add', 'folder', 'G');
  FOREACH a IN ARRAY ARRAY['read', 'preview', 'print', 'download', 'email', 'write', 'add', 'security', 'immutable', 'password', 'delete', 'move', 'rename', 'custom_id',
    'revision', 'import', 'export', 'sign', 'archive', 'workflow', 'calendar', 'subscription', 'automation', 'reading_request', 'store'] LOOP
    PERFORM acl_create_role('group ' || a);
    PERFORM acl_grant('group ' || a, 'read', 'folder', 'F');
    PERFORM acl_grant('group ' || a, a, 'folder', 'F');
    PERFORM person(a, 'group ' || a);
    PERFORM acl_create_role('group ' || a || ' alone');
    PERFORM acl_grant('group ' || a || ' alone', a, 'folder', 'F');
    PERFORM person(a || ' alone', 'group ' || a || ' alone');
  END LOOP;
  PERFORM person('boss', 'Administrators');
  PERFORM person('stranger', 'Users');
END $$;
INSERT INTO la_document (location_id, title, custom_id) VALUES (:f, 'One', 'C-1'), (:g, 'Two', 'C-3'), (:f, 'Three', 'C-3');
INSERT INTO la_document_content SELECT id, 'text/plain', 'all of it' FROM la_document;
INSERT INTO la_document_preview (document_id, data) SELECT id, 'a picture' FROM la_document;
-- an application's own tables, decided by their document: parts of the content, workflows, events, alerts, requests
CREATE TABLE la_page (content_id bigint REFERENCES la_document_content ON DELETE CASCADE, page int, text text, PRIMARY KEY (content_id, page));
CREATE TABLE la_workflow (id int PRIMARY KEY, document_id bigint NOT NULL);
CREATE TABLE la_calendar (id int PRIMARY KEY, document_id bigint NOT NULL, day date);
CREATE TABLE la_subscription (id int PRIMARY KEY, document_id bigint NOT NULL, for_whom text);
CREATE TABLE la_request (id int PRIMARY KEY, document_id bigint NOT NULL, reader text);
GRANT SELECT, INSERT, UPDATE, DELETE ON la_document, la_document_content, la_document_preview, la_page, la_workflow, la_calendar, la_subscription, la_request TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('la_page', '{"parent": {"relation": "la_document_content", "column": "content_id"}}');
  PERFORM acl_protect('la_workflow', '{"parent": {"relation": "la_document", "column": "document_id", "actions": {"insert": "workflow"}}}');
  PERFORM acl_protect('la_calendar', '{"parent": {"relation": "la_document", "column": "document_id", "actions": {"insert": "calendar", "update": "calendar", "delete": "calendar"}}}');
  -- whoever reads subscribes himself; naming somebody else asks subscription
  PERFORM acl_protect('la_subscription', '{"parent": {"relation": "la_document", "column": "document_id", "actions": {"insert": "read"}}}', '{"columns": {"for_whom": "subscription"}}');
  PERFORM acl_protect('la_request', '{"parent": {"relation": "la_document", "column": "document_id", "actions": {"insert": "reading_request"}}}');
END $$;
INSERT INTO la_page SELECT document_id, 1, 'page' FROM la_document_content;
SELECT severity, object, finding FROM acl_check() WHERE severity IN ('error', 'warning');

-- what who holds read and the action does, and what the question says: of the document, of the folder
CREATE FUNCTION holds(action text, VARIADIC statements text[], OUT did text, OUT document boolean, OUT folder boolean) LANGUAGE plpgsql AS
$$ BEGIN
  SELECT string_agg(attempt(action, s), ' ' ORDER BY n) INTO did FROM unnest(statements) WITH ORDINALITY AS t (s, n);
  document := acl_can(action, 1, action);
  folder := acl_can_on(action, 'folder', 'F', action);
END $$;
-- the same of who only reads, and of who holds the action without read
CREATE FUNCTION lacks(action text, VARIADIC statements text[], OUT reader text, OUT blind text, OUT document boolean, OUT folder boolean, OUT blind_document boolean) LANGUAGE plpgsql AS
$$ BEGIN
  SELECT string_agg(attempt(CASE action WHEN 'read' THEN 'stranger' ELSE 'read' END, s), ' ' ORDER BY n), string_agg(attempt(CASE action WHEN 'read' THEN 'write alone' ELSE action || ' alone' END, s), ' ' ORDER BY n)
    INTO reader, blind FROM unnest(statements) WITH ORDINALITY AS t (s, n);
  document := acl_can(CASE action WHEN 'read' THEN 'stranger' ELSE 'read' END, 1, action);
  folder := acl_can_on(CASE action WHEN 'read' THEN 'stranger' ELSE 'read' END, 'folder', 'F', action);
  blind_document := acl_can(CASE action WHEN 'read' THEN 'write alone' ELSE action || ' alone' END, 1, action);
END $$;

-- D4: read: the rows of the folder; the title is no more than a column
SELECT * FROM holds('read', 'SELECT 1 FROM la_document WHERE location_id <> ' || :g, 'SELECT 1 FROM la_document WHERE id = 1 AND f_snoop(title)', 'SELECT acl_require(1, ''read'')');
-- D4 not: the others see none, nor does any action show without it
SELECT * FROM lacks('read', 'SELECT 1 FROM la_document WHERE location_id <> ' || :g, 'SELECT 1 FROM la_document WHERE id = 1 AND f_snoop(title)', 'SELECT acl_require(1, ''read'')');

-- D5: preview: the rendition
SELECT * FROM holds('preview', 'SELECT 1 FROM la_document_preview WHERE document_id = 1', 'SELECT data FROM la_document_preview');
-- D5 not: reading the document shows no preview; nor does preview without read
SELECT * FROM lacks('preview', 'SELECT 1 FROM la_document_preview WHERE document_id = 1', 'SELECT data FROM la_document_preview WHERE document_id <> 2', 'UPDATE la_document_preview SET data = ''''', 'DELETE FROM la_document_preview', 'INSERT INTO la_document_preview VALUES (1, 2, NULL, NULL)');

-- D6: print: asked before it is done
SELECT * FROM holds('print', 'SELECT acl_require(1, ''print'')', 'SELECT acl_require_row(''la_document'', ''1'', ''print'')', 'SELECT acl_require_on(''folder'', ''F'', ''print'')');
-- D6 not: 42501
SELECT * FROM lacks('print', 'SELECT acl_require(1, ''print'')', 'SELECT acl_require_row(''la_document'', ''1'', ''print'')');

-- D7: download: content, and the pages of the content, whose parent it is
SELECT * FROM holds('download', 'SELECT 1 FROM la_document_content WHERE document_id = 1', 'SELECT 1 FROM la_page WHERE content_id = 1', 'SELECT acl_require_on(''folder'', ''F'', ''download'')');
-- D7 not: no content and no page for who may only read, in any command; nor for who downloads without read
SELECT * FROM lacks('download', 'SELECT 1 FROM la_document_content WHERE document_id = 1', 'SELECT 1 FROM la_page WHERE content_id = 1', 'SELECT acl_require_on(''folder'', ''F'', ''download'')',
  'INSERT INTO la_page VALUES (1, 2, ''x'')', 'UPDATE la_document_content SET data = ''''', 'UPDATE la_page SET text = ''''', 'DELETE FROM la_page', 'DELETE FROM la_document_content');

-- D8: email
SELECT * FROM holds('email', 'SELECT acl_require(1, ''email'')');
-- D8 not: 42501
SELECT * FROM lacks('email', 'SELECT acl_require(1, ''email'')');

-- D9: write: ordinary columns, content and previews (of which it sees nothing), pages
SELECT * FROM holds('write', 'UPDATE la_document SET content = ''x'' WHERE id = 1', 'UPDATE la_document_content SET data = ''''', 'INSERT INTO la_document_preview VALUES (1, 2, NULL, NULL)', 'INSERT INTO la_page VALUES (1, 2, ''x'')');
-- D9 not: and write is neither rename nor move nor custom id nor revision
SELECT * FROM lacks('write', 'UPDATE la_document SET content = ''x'' WHERE id = 1', 'UPDATE la_document_content SET data = ''''', 'INSERT INTO la_document_preview VALUES (1, 2, NULL, NULL)', 'INSERT INTO la_page VALUES (1, 2, ''x'')');
SELECT c, attempt('write', format('UPDATE la_document SET %I = %s WHERE id = 1', c, v)) AS "42501"
  FROM (VALUES ('title', '''x'''), ('custom_id', '''x'''), ('revision', '''x'''), ('password', '''x'''), ('signed_at', 'now()'), ('signed_by', '1'), ('archived_at', 'now()'),
               ('immutable', 'true'), ('deleted_at', 'now()'), ('location_id', (:g)::text), ('created_by', '1'), ('own_acl', '1'), ('id', '99')) AS m (c, v);

-- D10: add: a document in the folder, and a folder in it
SELECT * FROM holds('add', format('INSERT INTO la_document (location_id) VALUES (%s)', :f), 'SELECT acl_create(''folder'', ''Sub'', ''F'')');
-- D10 not: nobody else, and what is said of a new document asks its action
SELECT attempt('read', format('INSERT INTO la_document (location_id) VALUES (%s)', :f)) AS "42501", attempt('read', 'SELECT acl_create(''folder'', ''Sub'', ''F'')') AS "42501", attempt('write', format('INSERT INTO la_document (location_id) VALUES (%s)', :f)) AS "42501",
       attempt('add', format('INSERT INTO la_document (location_id, signed_at) VALUES (%s, now())', :f)) AS "42501", acl_can('add', 1, 'add') AS f, acl_can_on('read', 'folder', 'F', 'add') AS f;
-- without read it is a drop box: in goes, and nothing is seen of it
SELECT attempt('add alone', format('INSERT INTO la_document (location_id) VALUES (%s)', :f)) AS n1, attempt('add alone', format('INSERT INTO la_document (location_id) VALUES (%s) RETURNING id', :f)) AS "42501", sees('add alone', 'la_document') AS "2";

-- D11: security: grants on the document and the folder, the document's own list
SELECT * FROM holds('security', 'SELECT acl_grant(''stranger'', ''read'', ''document'', ''1'')', 'SELECT acl_grant(''stranger'', ''read'', ''folder'', ''F'')', 'SELECT acl_set_inherits(''document'', ''1'', false, copy => true)', 'SELECT acl_revoke(''group print'', ''print'', ''folder'', ''F'')');
-- D11 not: 42501; to who may not even see the document it is not there
SELECT * FROM lacks('security', 'SELECT acl_grant(''stranger'', ''read'', ''document'', ''1'')', 'SELECT acl_grant(''stranger'', ''read'', ''folder'', ''F'')', 'SELECT acl_set_inherits(''document'', ''1'', false, copy => true)', 'SELECT acl_grant(''stranger'', ''read'', ''folder'', ''G'')');

-- D12: immutable: on, and then nothing of the document changes, nor its content
SELECT * FROM holds('immutable', 'UPDATE la_document SET immutable = true WHERE id = 1');
-- D12 not: nor back again
SELECT * FROM lacks('immutable', 'UPDATE la_document SET immutable = true WHERE id = 1');
BEGIN;
UPDATE la_document SET immutable = true WHERE id = 1;
SELECT attempt('immutable', 'UPDATE la_document SET immutable = false WHERE id = 1') AS back, attempt('write', 'UPDATE la_document SET content = ''x'' WHERE id = 1') AS write, attempt('write', 'UPDATE la_document_content SET data = '''' WHERE document_id = 1') AS content,
       attempt('rename', 'UPDATE la_document SET title = ''x'' WHERE id = 1') AS rename, attempt('delete', 'UPDATE la_document SET deleted_at = now() WHERE id = 1') AS delete, attempt('archive', 'UPDATE la_document SET archived_at = now() WHERE id = 1') AS "archive, n1",
       attempt('boss', 'UPDATE la_document SET immutable = false WHERE id = 1') AS "boss, n1", acl_actions('write', 1);
ROLLBACK;

-- D13: password: set and cleared
SELECT * FROM holds('password', 'UPDATE la_document SET password = ''x'' WHERE id = 1', 'UPDATE la_document SET password = NULL WHERE id = 1');
-- D13 not: by nobody else
SELECT * FROM lacks('password', 'UPDATE la_document SET password = ''x'' WHERE id = 1');

-- D14: delete: a mark, by UPDATE; what one marked oneself stays in one's trash and can be fetched back
SELECT * FROM holds('delete', 'UPDATE la_document SET deleted_at = now() WHERE id = 1', 'UPDATE la_document SET deleted_at = now() WHERE id = 1 RETURNING deleted_by');
-- D14 not: by nobody else, for good by none but admins and system
SELECT * FROM lacks('delete', 'UPDATE la_document SET deleted_at = now() WHERE id = 1', 'DELETE FROM la_document WHERE id = 1');
SELECT who, attempt(who, 'DELETE FROM la_document WHERE id = 1') AS for_good FROM unnest(ARRAY['delete', 'boss', 'system']) AS who;
SELECT who, attempt(who, 'SELECT acl_drop(''folder'', ''F'')') AS "55006: documents are in it" FROM unnest(ARRAY['delete', 'boss', 'system']) AS who;
BEGIN;
DO $$ BEGIN PERFORM become('delete'); END $$;
UPDATE la_document SET deleted_at = now(), deleted_by = NULL WHERE id = 1;
DO $$ BEGIN PERFORM acl_logout(); END $$;
RESET ROLE;
SELECT who, sees(who, 'la_document') AS documents, sees(who, 'la_document_content', 'document_id') AS content, attempt(who, 'UPDATE la_document SET deleted_at = NULL WHERE id = 1') AS back
  FROM unnest(ARRAY['delete', 'read', 'download', 'boss', 'system']) AS who;
-- its custom id is free again
SELECT attempt('boss', format('INSERT INTO la_document (location_id, custom_id) VALUES (%s, ''C-1'')', :f)) AS n1, attempt('boss', format('INSERT INTO la_document (location_id, custom_id) VALUES (%s, ''C-3'')', :f)) AS "23505";
ROLLBACK;

-- D15: move, with add where it comes to lie
SELECT * FROM holds('move', format('UPDATE la_document SET location_id = %s WHERE id = 1', :g));
-- D15 not: neither by others nor to where one may not add
SELECT * FROM lacks('move', format('UPDATE la_document SET location_id = %s WHERE id = 1', :g));
SELECT acl_create('folder', 'H') AS h \gset
SELECT attempt('move', format('UPDATE la_document SET location_id = %s WHERE id = 1', :h)) AS "42501", attempt('move', 'UPDATE la_document SET location_id = NULL WHERE id = 1') AS "42501";

-- D16: rename
SELECT * FROM holds('rename', 'UPDATE la_document SET title = ''x'' WHERE id = 1');
-- D16 not: by nobody else
SELECT * FROM lacks('rename', 'UPDATE la_document SET title = ''x'' WHERE id = 1');

-- D17: custom id: unique in its folder, which tells nothing of others
SELECT * FROM holds('custom_id', 'UPDATE la_document SET custom_id = ''x'' WHERE id = 1', 'UPDATE la_document SET custom_id = ''C-3'' WHERE id = 1');
-- D17 not: by nobody else
SELECT * FROM lacks('custom_id', 'UPDATE la_document SET custom_id = ''x'' WHERE id = 1');

-- D18: revision
SELECT * FROM holds('revision', 'UPDATE la_document SET revision = ''x'' WHERE id = 1');
-- D18 not: by nobody else
SELECT * FROM lacks('revision', 'UPDATE la_document SET revision = ''x'' WHERE id = 1');

-- D19: import, asked of the folder; a set of documents then comes by INSERT, which takes add
DO $$ BEGIN PERFORM acl_grant('group import', 'add', 'folder', 'F'); END $$;
SELECT * FROM holds('import', 'SELECT acl_require_on(''folder'', ''F'', ''import'')', format('INSERT INTO la_document (location_id) SELECT %s FROM generate_series(1, 3)', :f));
-- D19 not: of a document it is never true
SELECT * FROM lacks('import', 'SELECT acl_require_on(''folder'', ''F'', ''import'')');
SELECT attempt('import', 'COPY la_document FROM STDIN') AS "0A000";

-- D20: export: the folder's; what goes out is what download shows
DO $$ BEGIN PERFORM acl_grant('group export', 'download', 'folder', 'F'); END $$;
SELECT * FROM holds('export', 'SELECT acl_require_on(''folder'', ''F'', ''export'')', 'SELECT 1 FROM la_document_content');
-- D20 not: export without download takes nothing along
DO $$ BEGIN PERFORM acl_revoke('group export', 'download', 'folder', 'F'); END $$;
SELECT * FROM lacks('export', 'SELECT acl_require_on(''folder'', ''F'', ''export'')');
SELECT attempt('export', 'SELECT 1 FROM la_document_content') AS n0;

-- D21: sign
SELECT * FROM holds('sign', 'UPDATE la_document SET signed_at = now(), signed_by = acl_user_id() WHERE id = 1');
-- D21 not: by nobody else
SELECT * FROM lacks('sign', 'UPDATE la_document SET signed_at = now() WHERE id = 1', 'UPDATE la_document SET signed_by = 1 WHERE id = 1');

-- D22: archive, a document and the folder
SELECT * FROM holds('archive', 'UPDATE la_document SET archived_at = now() WHERE id = 1', 'SELECT acl_require_on(''folder'', ''F'', ''archive'')');
-- D22 not: by nobody else
SELECT * FROM lacks('archive', 'UPDATE la_document SET archived_at = now() WHERE id = 1', 'SELECT acl_require_on(''folder'', ''F'', ''archive'')');

-- D23: workflow: a row of an instance, or asked before
SELECT * FROM holds('workflow', 'INSERT INTO la_workflow VALUES (1, 1)', 'SELECT acl_require(1, ''workflow'')');
-- D23 not: 42501, and no document beside
SELECT * FROM lacks('workflow', 'INSERT INTO la_workflow VALUES (1, 1)', 'SELECT acl_require(1, ''workflow'')');
SELECT attempt('workflow', 'INSERT INTO la_workflow VALUES (1, 2)') AS "42501";

-- D24: calendar: events come, change and go
INSERT INTO la_calendar VALUES (9, 1, '2020-02-02');
SELECT * FROM holds('calendar', 'INSERT INTO la_calendar VALUES (1, 1, ''2020-02-02'')', 'UPDATE la_calendar SET day = ''2020-02-03''', 'DELETE FROM la_calendar WHERE id = 9');
-- D24 not: others see the event and leave it
SELECT * FROM lacks('calendar', 'INSERT INTO la_calendar VALUES (1, 1, ''2020-02-02'')', 'UPDATE la_calendar SET day = ''2020-02-03''', 'DELETE FROM la_calendar WHERE id = 9', 'SELECT 1 FROM la_calendar');

-- D25: subscription: of another user; oneself subscribes whoever reads
SELECT * FROM holds('subscription', 'INSERT INTO la_subscription VALUES (1, 1, ''stranger'')', 'INSERT INTO la_subscription VALUES (1, 1)');
SELECT attempt('read', 'INSERT INTO la_subscription VALUES (1, 1)') AS n1;
-- D25 not: another, without it; anybody, without read
SELECT * FROM lacks('subscription', 'INSERT INTO la_subscription VALUES (1, 1, ''stranger'')');
SELECT attempt('subscription alone', 'INSERT INTO la_subscription VALUES (1, 1)') AS "42501", attempt('stranger', 'INSERT INTO la_subscription VALUES (1, 1)') AS "42501";

-- D26: automation, on a document and a folder
SELECT * FROM holds('automation', 'SELECT acl_require(1, ''automation'')', 'SELECT acl_require_on(''folder'', ''F'', ''automation'')');
-- D26 not: 42501
SELECT * FROM lacks('automation', 'SELECT acl_require(1, ''automation'')', 'SELECT acl_require_on(''folder'', ''F'', ''automation'')');

-- D27: reading request
SELECT * FROM holds('reading_request', 'INSERT INTO la_request VALUES (1, 1, ''stranger'')', 'SELECT acl_require(1, ''reading request'')');
-- D27 not: 42501
SELECT * FROM lacks('reading_request', 'INSERT INTO la_request VALUES (1, 1, ''stranger'')', 'SELECT acl_require(1, ''reading request'')');

-- D28: store, of the folder
SELECT * FROM holds('store', 'SELECT acl_require_on(''folder'', ''F'', ''store'')');
-- D28 not: and never of a document
SELECT * FROM lacks('store', 'SELECT acl_require_on(''folder'', ''F'', ''store'')');
SELECT attempt('store', 'SELECT acl_require(1, ''store'')') AS "42501";

--
-- What leaves no trace in a row leaves an event, when it was allowed.
--
DO $$ BEGIN
  DELETE FROM docacl.event;
  PERFORM acl_create_action('stamp');
  PERFORM acl_grant('group print', 'stamp', 'folder', 'F');
END $$;
-- D6, D8, D19, D20, D23-D27: one row each, with what was allowed, to whom, on what
CREATE PROCEDURE one_after_another() LANGUAGE plpgsql AS
$$ DECLARE a text;
BEGIN
  FOREACH a IN ARRAY ARRAY['print', 'email', 'workflow', 'calendar', 'subscription', 'automation', 'reading_request'] LOOP
    PERFORM become(a);
    PERFORM acl_require(1, a);
  END LOOP;
  PERFORM become('print');
  PERFORM acl_require(1, 'stamp');
  PERFORM acl_require_row('la_document', '1', 'print, stamp, read');
  PERFORM acl_require_on('folder', 'F', 'print');
  PERFORM become('import');
  PERFORM acl_require_on('folder', 'F', 'import');
  PERFORM become('export');
  PERFORM acl_require_on('folder', (SELECT id FROM docacl.resource_list WHERE kind = 'location' AND path = '/F'), 'export');
  PERFORM acl_logout();
  PERFORM set_config('role', 'none', true);
END $$;
CALL one_after_another();
SELECT e.event, e.payload ->> 'name' AS name, e.payload -> 'actions' AS actions, e.payload - 'name' - 'actions' - 'id' - 'resource_id' AS of, p.name = e.payload ->> 'name' AS t, e.account_id = p.account_id AS t
  FROM docacl.event AS e JOIN docacl.principal AS p ON p.id = (e.payload ->> 'id')::bigint ORDER BY e.id;
-- D6, D8, D19, D20, D23-D27 not: none of a question, of an action that changes a row, of what was refused, of what was rolled back
DELETE FROM docacl.event;
SELECT acl_can('print', 1, 'print') AS t, attempt('print', 'SELECT acl_require(1, ''print'')') AS "1, rolled back", attempt('read', 'SELECT acl_require(1, ''print'')') AS "42501";
DO $$ BEGIN
  PERFORM become('print'), acl_can(1, 'print'), acl_actions(1), acl_can_on('folder', 'F', 'print'), acl_require(1, 'read');
  PERFORM become('write'), acl_require(1, 'write');
  PERFORM acl_logout();
END $$;
SELECT count(*) AS n0 FROM docacl.event;
-- where nothing may be written it is answered and not written
BEGIN;
DO $$ BEGIN PERFORM become('print'); END $$;
SET TRANSACTION READ ONLY;
SELECT acl_require(1, 'print');
SAVEPOINT s;
SELECT acl_require(1, 'email');                                                         -- fail
ROLLBACK;
SELECT count(*) AS n0 FROM docacl.event;

SELECT t, disagreements(ARRAY['read', 'preview', 'download', 'write', 'calendar', 'subscription', 'add alone', 'download alone', 'boss', 'stranger', 'system'], t, k) AS n0
  FROM (VALUES ('la_document', 'id'), ('la_document_content', 'document_id'), ('la_calendar', 'id')) AS v (t, k);
