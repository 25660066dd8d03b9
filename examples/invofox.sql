-- Invofox: an account with a Test and a Live environment, companies, security groups.
--
--   createdb invofox && psql -v ON_ERROR_STOP=1 -d invofox -f examples/invofox.sql      (as a superuser)
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION docacl;
SELECT acl_create_account('Contable') IS NOT NULL AS "a customer of ours";
SET docacl.account = 'Contable';
-- By default an account has two security groups.
DO $$ BEGIN
  ASSERT (SELECT array_agg(r.name ORDER BY r.name) FROM docacl.principal AS r JOIN docacl.resource AS a ON a.id = r.account_id
           WHERE a.name = 'Contable' AND r.kind = 'role' AND r.name <> 'everyone') = ARRAY['Administrators', 'Users'];
END $$;
