-- The demo itself: a psql session that a person can read. Each \connect is another user's own connection.
-- Run by `run`; \! lines are a second connection, opened while the first stays as it is.
\set QUIET on
\set ON_ERROR_STOP off
\set VERBOSITY default
\pset footer off
\pset null '-'
\pset linestyle unicode
\pset pager off
SELECT kind, source, maintainer, section FROM demo.story \gset
SELECT id AS type FROM document_type WHERE name = :'kind' \gset
SELECT location_id AS shelf FROM documents JOIN location l ON l.id = location_id
WHERE l.path[1:2] = ARRAY['Debian', :'section'] AND project <> :'source' ORDER BY l.id LIMIT 1 \gset
SELECT id AS other_type FROM document_type WHERE name = 'copyright' \gset
SELECT company_id AS company, project FROM documents WHERE location_id = :shelf AND project <> :'source' ORDER BY id LIMIT 1 \gset
SELECT id AS foreign_document, title AS foreign_title FROM documents
WHERE project <> :'source' ORDER BY id LIMIT 1 \gset
SELECT d.id AS shared_document, d.title AS shared_title FROM documents d JOIN demo.file f USING (id)
WHERE coalesce(f.kind_above, f.kind) = :'kind' AND f.section NOT IN (:'section', 'libs', 'admin') ORDER BY d.id LIMIT 1 \gset
SELECT d.id AS own_document, d.title AS own_title FROM documents d WHERE d.project = :'source' ORDER BY d.id LIMIT 1 \gset
\set see 'SELECT count(*) AS documents, count(DISTINCT project) AS packages, count(DISTINCT document_type_id) AS types,\n       count(DISTINCT location_id) AS locations, count(DISTINCT company_id) AS maintainers FROM documents'

\echo
\echo '════ 1. The same SELECT, one user after the other'
\echo
\echo '── anna is a librarian: everything'
\connect - anna
\set ECHO queries
:see;
\set ECHO none
\echo '── ben is the packager of' :source': every type and location, in that source package'
\connect - ben
:see;
\echo '── clara is a security auditor: copyright, changelog and news, in Debian/libs and Debian/admin'
\connect - clara
:see;
\echo '── dora is an intern: view and add, for the type' :kind 'in Debian/':section
\connect - dora
:see;
\echo '── erik is the contact of a maintainer,' :maintainer
\connect - erik
:see;
\echo '── robot is a database role mapped to system, which passes every check'
\connect - robot
:see;
\echo '── stranger is a database role that docacl knows nothing of'
\connect - stranger
:see;

\echo '════ 2. What each sees first'
\echo
\set look 'SELECT d.title, t.name AS type, d.project AS package, array_to_string(l.path, \'/\') AS location\nFROM documents d JOIN document_type t ON t.id = d.document_type_id JOIN location l ON l.id = d.location_id\nORDER BY d.id LIMIT 3'
\echo '── clara'
\connect - clara
\set ECHO queries
:look;
\set ECHO none
\echo '── dora'
\connect - dora
:look;
\echo '── erik'
\connect - erik
:look;

\echo '════ 3. Asking instead of trying: acl_can and acl_actions'
\echo
\echo '── ben, about a document of his package (':own_title') and one of another (':foreign_title')'
\connect - ben
\set ECHO queries
SELECT acl_can(:own_document, 'read') AS read_own, acl_can(:own_document, 'delete') AS delete_own,
       acl_can(:foreign_document, 'read') AS read_other, acl_can(:foreign_document, 'delete') AS delete_other;
SELECT array_to_string(acl_actions(:own_document), ', ') AS "what ben may do with his own";
\set ECHO none
\echo '── greta, an administrator, about the others'
\connect - greta
\set ECHO queries
SELECT who, acl_can(who, :own_document, 'read') AS reads_it, acl_can(who, :own_document, 'write') AS edits_it
FROM unnest(ARRAY['anna', 'ben', 'clara', 'dora', 'erik']) AS who;
\set ECHO none

\echo '════ 4. Writing'
\echo
\echo '── dora adds a document of her type: allowed'
\connect - dora
\set ECHO queries
BEGIN;
\set QUIET off
INSERT INTO documents (title, location_id, document_type_id, project, company_id)
VALUES ('a page of my own', :shelf, :type, :'project', :company);
\set QUIET on
ROLLBACK;
\set ECHO none
\echo
\echo '── dora adds a copyright file: refused, with the gate that refused'
\set ECHO queries
INSERT INTO documents (title, location_id, document_type_id, project, company_id)
VALUES ('a licence of my own', :shelf, :other_type, :'project', :company);
\set ECHO none
\echo SQLSTATE :LAST_ERROR_SQLSTATE
\echo
\echo '── dora edits what she sees: she may not, so the statement passes over every row, as in plain row security'
\set ECHO queries
\set QUIET off
UPDATE documents SET body = 'better';
\set ECHO none
\set QUIET on
\echo
\echo '── ben edits a document of his package: allowed. He gives it to another package: refused'
\connect - ben
\set ECHO queries
BEGIN;
\set QUIET off
UPDATE documents SET title = 'a better title' WHERE id = :own_document;
UPDATE documents SET project = :'project' WHERE id = :own_document;
\set ECHO none
\echo SQLSTATE :LAST_ERROR_SQLSTATE
\set QUIET on
\set ECHO queries
ROLLBACK;
\set ECHO none

\echo
\echo '════ 5. A role change takes effect in an open session'
\echo
\echo '── dora, in one connection'
\connect - dora
\set ECHO queries
SELECT pg_backend_pid() AS connection, count(*) AS documents FROM documents;
\set ECHO none
\echo '── greta, an administrator, in a second one'
\! psql -X -q -A -t -e -U greta -c "SELECT acl_assign('Security auditors', 'dora');" | sed '/^$/d'
\echo
\echo '── dora''s next statement, in the connection that was open all the time'
\set ECHO queries
SELECT pg_backend_pid() AS connection, count(*) AS documents FROM documents;
\set ECHO none
\echo '── greta takes the role away again'
\! psql -X -q -A -t -e -U greta -c "SELECT acl_unassign('Security auditors', 'dora');" | sed '/^$/d'
\echo
\echo '── dora once more'
\set ECHO queries
SELECT pg_backend_pid() AS connection, count(*) AS documents FROM documents;
\set ECHO none

\echo '════ 6. Sharing one document'
\echo
\echo '── dora does not enter the location of' :shared_title
\connect - dora
\set ECHO queries
SELECT title FROM documents WHERE id = :shared_document;
\set ECHO none
\echo '── anna shares it with her: the document gets a list of its own, beside its location'
\connect - anna
\set ECHO queries
SELECT acl_grant('dora', 'view', 'document', :'shared_document') AS shared;
\set ECHO none
\echo '── dora'
\connect - dora
\set ECHO queries
SELECT title FROM documents WHERE id = :shared_document;
\set ECHO none
\echo '── anna takes it back'
\connect - anna
\set ECHO queries
SELECT acl_revoke('dora', 'view', 'document', :'shared_document') AS revoked;
\set ECHO none

\echo '════ 7. DocMX, another customer in the same database: who enters which department'
\echo
\connect - postgres
\set ECHO queries
SET docacl.account = 'DocMX';
SELECT job, department, CASE WHEN acl_can_on(job, 'location', department, 'enter') THEN 'key' END AS has, place
FROM unnest(ARRAY['Director of Finance', 'Accountant', 'Head of Kitchen', 'Sales Director']) WITH ORDINALITY AS j (job, rank),
     unnest(ARRAY['Company', 'Accounts', 'Kitchen', 'Sales']) WITH ORDINALITY AS d (department, place)
ORDER BY rank, place
\crosstabview job department has place
\set ECHO none
