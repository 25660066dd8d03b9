-- Tables that are registered without policies: see acl_enforce.

ALTER TABLE docacl.protected_table ADD COLUMN enforced boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN docacl.protected_table.enforced IS 'Whether the table has docacl''s policies and triggers; if not, docacl only answers questions about its rows.';
