-- A fresh database has one account, so that a single-tenant user never meets the word.
SELECT acl_create_account('main');
