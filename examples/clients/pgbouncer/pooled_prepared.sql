-- The same with a statement that is prepared, run and dropped within the transaction: any pooler can do that.
\set user :client_id + 1
BEGIN;
SELECT acl_set_user('user ' || :user);
PREPARE look AS SELECT 1 / (count(*) = 25 AND count(*) FILTER (WHERE reader <> $1) = 0)::int FROM documents;
EXECUTE look ('user ' || :user);
EXECUTE look ('user ' || :user);
DEALLOCATE look;
COMMIT;
