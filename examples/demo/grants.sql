-- A handful of users, what they are, and what that opens. A row opens when all of its gates do: its location, its
-- type, its project (source package), its company (maintainer) and the screen.

-- Whom the story is about depends on what is installed on this machine.
CREATE TABLE demo.story AS
SELECT
    -- the intern's type: manual pages, or programs where an image has stripped its documentation
    (SELECT kind FROM (
        SELECT coalesce(kind_above, kind) AS kind, count(*) AS n FROM demo.file
        WHERE coalesce(kind_above, kind) IN ('manual page', 'program') GROUP BY 1) AS candidate
     ORDER BY kind = 'manual page' AND n >= 100 DESC, n DESC LIMIT 1) AS kind,
    -- the packager's source package: the one with the most kinds of document
    (SELECT source FROM demo.file GROUP BY source
     ORDER BY count(DISTINCT kind) DESC, count(*) DESC, source LIMIT 1) AS source,
    -- the maintainer's person: of the maintainer of the most source packages
    (SELECT maintainer FROM demo.file GROUP BY maintainer
     ORDER BY count(DISTINCT source) DESC, maintainer LIMIT 1) AS maintainer,
    NULL::text AS section;
-- the intern's section: where the most packages have documents of his type, the auditor's own sections apart
UPDATE demo.story SET section = (
    SELECT section FROM demo.file
    WHERE coalesce(kind_above, kind) = story.kind AND section NOT IN ('libs', 'admin') AND section !~ '/'
    GROUP BY section ORDER BY count(DISTINCT source) DESC, section LIMIT 1);
ALTER TABLE demo.story
    ALTER kind SET NOT NULL, ALTER source SET NOT NULL, ALTER maintainer SET NOT NULL, ALTER section SET NOT NULL;
SELECT kind, source, maintainer, section FROM demo.story \gset

-- Everybody sees the screen. Staff may work with the documents of every maintainer.
SELECT acl_grant('everyone', 'change', 'function', 'Catalogue');
SELECT acl_create_role('Staff');
SELECT acl_grant('Staff', 'change', 'environment', 'Debian');

-- Librarians: everything. Roles may be members of roles: every librarian is staff.
SELECT acl_create_role('Librarians');
SELECT acl_assign('Staff', 'Librarians');
SELECT acl_grant('Librarians', 'change, security', 'location', '*');
SELECT acl_grant('Librarians', 'change', 'document type', '*');
SELECT acl_grant('Librarians', 'change', 'project', '*');

-- Packagers enter every location and change every type, in the source packages that each is given.
SELECT acl_create_role('Packagers');
SELECT acl_assign('Staff', 'Packagers');
SELECT acl_grant('Packagers', 'enter', 'location', '*');
SELECT acl_grant('Packagers', 'change', 'document type', '*');

-- Security auditors read what says where software comes from and what changed, in two sections.
SELECT acl_create_role('Security auditors');
SELECT acl_assign('Staff', 'Security auditors');
SELECT acl_grant('Security auditors', 'enter', 'location', place)
FROM unnest(ARRAY['/Debian/libs', '/Debian/admin']) AS place;
SELECT acl_grant('Security auditors', 'view', 'document type', type)
FROM unnest(ARRAY['copyright', 'changelog', 'news']) AS type;
SELECT acl_grant('Security auditors', 'view', 'project', '*');

-- Interns view and add documents of one type in one section.
SELECT acl_create_role('Interns');
SELECT acl_assign('Staff', 'Interns');
SELECT acl_grant('Interns', 'enter', 'location', '/Debian/' || :'section');
SELECT acl_grant('Interns', 'view, add', 'document type', :'kind');
SELECT acl_grant('Interns', 'view, add', 'project', '*');

-- Contacts of a maintainer are no staff: they view anything, but of their own company only.
SELECT acl_create_role('Contacts');
SELECT acl_grant('Contacts', 'enter', 'location', '*');
SELECT acl_grant('Contacts', 'view', 'document type', '*');
SELECT acl_grant('Contacts', 'view', 'project', '*');

SELECT acl_create_user('anna',  'anna@library.example',  'Librarians');
SELECT acl_create_user('ben',   'ben@library.example',   'Packagers');
SELECT acl_create_user('clara', 'clara@library.example', 'Security auditors');
SELECT acl_create_user('dora',  'dora@library.example',  'Interns');
SELECT acl_create_user('erik',  'erik@maintainer.example', 'Contacts');
SELECT acl_create_user('greta', 'greta@library.example', 'Administrators');
SELECT acl_grant('ben', 'change', 'project', :'source');
SELECT acl_grant('erik', 'view', 'company', left(:'maintainer', 255));

-- Each is a database role too, so that an ordinary psql session is one of them. "robot" is the application's own
-- job, which docacl knows as system; "stranger" is a database role that nobody has told docacl about.
CREATE ROLE anna LOGIN IN ROLE app;
CREATE ROLE ben LOGIN IN ROLE app;
CREATE ROLE clara LOGIN IN ROLE app;
CREATE ROLE dora LOGIN IN ROLE app;
CREATE ROLE erik LOGIN IN ROLE app;
CREATE ROLE greta LOGIN IN ROLE app;
CREATE ROLE robot LOGIN IN ROLE app;
CREATE ROLE stranger LOGIN IN ROLE app;
SELECT acl_map(name, name) FROM unnest(ARRAY['anna', 'ben', 'clara', 'dora', 'erik', 'greta']) AS name;
SELECT acl_map('robot', 'system');

-- Another customer, behind the outermost wall: a company, its departments, and four jobs. All four enter the
-- company; that opens no department.
SELECT acl_create_account('DocMX');
SET docacl.account = 'DocMX';
SELECT acl_create('location', 'Company');
SELECT acl_create('location', department, parent => '/Company')
FROM unnest(ARRAY['Accounts', 'Kitchen', 'Sales']) AS department;
SELECT acl_create_role('Company access', is_default => true);
SELECT acl_grant('Company access', 'enter', 'location', '/Company');
SELECT acl_create_role('Accounts access');
SELECT acl_grant('Accounts access', 'enter', 'location', '/Company/Accounts');
SELECT acl_create_role('Kitchen access');
SELECT acl_grant('Kitchen access', 'enter', 'location', '/Company/Kitchen');
SELECT acl_create_role('Sales access');
SELECT acl_grant('Sales access', 'enter', 'location', '/Company/Sales');
-- "Company access" is a default role: whoever is made afterwards has it.
SELECT acl_create_user('Director of Finance', 'finance@docmx.example', 'Accounts access');
SELECT acl_create_user('Accountant', 'accountant@docmx.example', 'Accounts access');
SELECT acl_create_user('Head of Kitchen', 'kitchen@docmx.example', 'Kitchen access');
SELECT acl_create_user('Sales Director', 'sales@docmx.example', 'Sales access');
RESET docacl.account;
