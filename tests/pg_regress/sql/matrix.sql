--
-- The matrices that people look at: who may do what on which resource of a kind, each line what acl_can_on says
-- (DocMX's departments B12 and permissions on document types B16, Invantive's authorisations of projects C10).
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('afar'), acl_create_account('matrix'); END $$;
SET docacl.account = 'afar';
DO $$ BEGIN PERFORM person('olga', 'Administrators'), acl_create('location', 'Far'), acl_create('project', 'Far'); END $$;
SET docacl.account = 'matrix';
DO $$ BEGIN
  PERFORM acl_create('location', 'Company'), acl_create('environment', 'E'), acl_create('company', 'C', 'E');
  PERFORM acl_create('location', l, 'Company') FROM unnest(ARRAY['Accounts', 'Kitchen', 'Sales']) AS l;
  PERFORM acl_create('document type', t) FROM unnest(ARRAY['Contract', 'Invoice']) AS t;
  PERFORM acl_create_role(r) FROM unnest(ARRAY['Director of Finance', 'Accountant', 'Head of Kitchen', 'Sales Director']) AS r;
  PERFORM acl_grant(r, 'enter', 'location', l) FROM (VALUES ('Director of Finance', 'Company'), ('Accountant', 'Company'), ('Head of Kitchen', 'Company'), ('Sales Director', 'Company'),
    ('Director of Finance', 'Accounts'), ('Accountant', 'Accounts'), ('Head of Kitchen', 'Kitchen'), ('Sales Director', 'Sales')) AS v(r, l);
  PERFORM acl_grant('Accountant', 'view, add', 'document type', 'Invoice'), acl_grant('Director of Finance', 'view, add, edit, delete', 'document type', '*'), acl_grant('Sales Director', 'view', 'document type', 'Contract');
  PERFORM acl_create('project', p) FROM unnest(ARRAY['P', 'Q']) AS p;
  PERFORM acl_create('project', 'P1', 'P');
  PERFORM person('boss', 'Administrators'), person('ann', 'Accountant'), person('finn', 'Director of Finance', 'Sales Director'), person('kit', 'Head of Kitchen'), person('off', 'Accountant'),
          person('reads', 'Users'), person('mia', 'Users');
  PERFORM acl_grant('ann', 'view', 'project', 'P'), acl_grant('kit', 'change', 'project', 'Q'), acl_grant('everyone', 'view', 'project', 'P1'), acl_grant('reads', 'change', 'project', 'P');
  PERFORM acl_alter_user('off', enabled => false), acl_alter_user('reads', read_only => true), acl_grant('mia', 'manage_users', 'account', 'matrix'), acl_grant('mia', 'view', 'project', 'Q');
END $$;
INSERT INTO docacl.principal (account_id, kind, name, environment_id) SELECT account_id, 'api_key', 'scanner', id FROM docacl.resource WHERE kind = 'environment' AND name = 'E' AND account_id = (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'matrix');
DO $$ BEGIN PERFORM acl_grant('scanner', 'view', 'environment', 'E'); END $$;

-- B12: the matrix of the departments, all 16 cells of it
SELECT * FROM acl_matrix('role', 'location') WHERE row_name NOT IN ('Administrators', 'Users', 'everyone') \crosstabview
-- B16: roles and document types; the * shows on each
SELECT * FROM acl_matrix('group', 'Document Type') WHERE row_name NOT IN ('Users', 'everyone') \crosstabview
-- C10: users and projects, either way round
SELECT * FROM acl_matrix('user', 'project') \crosstabview
SELECT * FROM acl_matrix('project', 'user') \crosstabview
SELECT * FROM acl_matrix('api key', 'company');
SELECT count(*) AS n0 FROM acl_matrix('role', 'queue');

-- the law: every line is what acl_actions_on says (of an admin, who may everything, what can be granted there); 0 rows
SELECT m.row_name, k.kind, m.column_name, m.actions, said.words
  FROM unnest(ARRAY['user', 'role', 'api_key']) AS p, unnest(ARRAY['location', 'document_type', 'project', 'function']) AS k(kind), acl_matrix(p, k.kind) AS m,
       LATERAL (SELECT coalesce(docacl.action_words(sum(1::bigint << a.bit)::bigint), '') AS words FROM unnest(acl_actions_on(m.row_name, k.kind, m.column_name)) AS n JOIN docacl.action a ON a.name = n) AS said
 WHERE said.words IS DISTINCT FROM m.actions AND m.row_name NOT IN ('boss', 'Administrators');
SELECT count(*) > 80 AS t FROM unnest(ARRAY['user', 'role', 'api_key']) AS p, unnest(ARRAY['location', 'document_type', 'project', 'function']) AS k(kind), acl_matrix(p, k.kind);

-- B12, B16, C10 not: who may not administer sees himself and his roles, on what he sees; an admin all, who manages people these
CREATE FUNCTION matrix(who text, VARIADIC kinds text[]) RETURNS SETOF text LANGUAGE plpgsql AS
$$ BEGIN
     PERFORM set_config('role', 'regress_ma_' || who, true);
     RETURN QUERY SELECT concat_ws(' | ', m.row_name, m.column_name, m.actions) FROM acl_matrix(kinds[1], kinds[2]) AS m;
     PERFORM set_config('role', 'none', true);
   END $$;
CREATE ROLE regress_ma_boss; CREATE ROLE regress_ma_ann; CREATE ROLE regress_ma_mia; CREATE ROLE regress_ma_off; CREATE ROLE regress_ma_nobody; CREATE ROLE regress_ma_olga;
DO $$ BEGIN
  PERFORM acl_map('regress_ma_boss', 'boss'), acl_map('regress_ma_ann', 'ann'), acl_map('regress_ma_mia', 'mia'), acl_map('regress_ma_off', 'off');
  PERFORM set_config('docacl.account', 'afar', true), acl_map('regress_ma_olga', 'olga');
END $$;
SELECT count(*) = (SELECT count(*) FROM acl_matrix('user', 'project')) AS t FROM matrix('boss', 'user', 'project');
SELECT * FROM matrix('ann', 'user', 'project');
SELECT * FROM matrix('ann', 'role', 'location');
SELECT * FROM matrix('mia', 'user', 'project');
SELECT count(*) AS n0 FROM matrix('ann', 'role', 'environment');
SELECT count(*) AS n0 FROM matrix('off', 'user', 'project');
SELECT count(*) AS n0 FROM matrix('nobody', 'user', 'project');
SELECT * FROM matrix('olga', 'user', 'location');
SET docacl.account = 'afar';
SELECT * FROM acl_matrix('user', 'location');
SET docacl.account = 'matrix';
-- impossible
SELECT complaint('boss', $$ SELECT acl_matrix('user', 'role') $$);
SELECT complaint('boss', $$ SELECT acl_matrix('location', 'project') $$);
SELECT complaint('boss', $$ SELECT acl_matrix('user', 'document') $$);
SELECT complaint('boss', $$ SELECT acl_matrix('nonsense', 'role') $$);
SELECT attempt('boss', $$ SELECT acl_matrix('user', NULL) $$) AS "22023", attempt('boss', $$ SELECT acl_matrix(NULL, 'project') $$) AS "22023";
