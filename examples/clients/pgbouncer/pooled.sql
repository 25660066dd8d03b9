-- What pgbench runs, over and over, for 32 clients of different users behind a pool of 4 connections. Dividing by zero
-- stops it: a row of somebody else's, one too few, or somebody seen after the transaction.
\set user :client_id + 1
BEGIN;
SELECT acl_set_user('user ' || :user);
SELECT 1 / (count(*) = 25 AND count(*) FILTER (WHERE reader <> 'user ' || :user) = 0)::int FROM documents;
COMMIT;
SELECT 1 / (count(*) = 0)::int FROM documents;
