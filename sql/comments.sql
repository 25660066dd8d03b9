-- What every function of SQL takes, returns and refuses, for \df+ and for whoever has only the database at hand.
-- 22023 for an argument that must not be null is the same everywhere and said nowhere.

-- Set-up.
COMMENT ON FUNCTION acl_create_account(text, text) IS 'Makes an account with its roles Administrators, Users and everyone, a resource * of every kind that has one, and the functions Projects, Project Authorizations and Role Authorizations. Returns its id. For superusers and system: 42501; a name or key that is taken: 42710.';
COMMENT ON FUNCTION acl_create(text, text, text, boolean, text, boolean) IS 'Makes a resource of a kind, under a parent given by name or path; inherits null: as its kind says; key: the application''s own identifier, unique per kind. Returns its id. 42704 unknown kind or parent, 42710 exists, 23514 a parent of the wrong kind or account, 23502 no parent where one is needed, 22023 bad name, or an account or document, 42501 not allowed there.';
COMMENT ON FUNCTION acl_create(text, text, bigint, boolean, text, boolean) IS 'As acl_create with the parent by its id.';
COMMENT ON FUNCTION acl_rename(text, text, text) IS 'Gives a resource, by kind and name or path, another name. 42710 taken, 22023 bad name, 55000 made with its account, 42501 not allowed, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_rename(text, bigint, text) IS 'As acl_rename with the resource by its id.';
COMMENT ON FUNCTION acl_move(text, text, text) IS 'Gives a resource another parent, null for the top; its own children go with it. 23514 a cycle, a parent of the wrong kind or of another account, 55006 a scope resource that rows use, 55000 made with its account, 42501 not allowed, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_move(text, bigint, text) IS 'As acl_move with the resource by its id.';
COMMENT ON FUNCTION acl_move(text, text, bigint) IS 'As acl_move with the parent by its id.';
COMMENT ON FUNCTION acl_move(text, bigint, bigint) IS 'As acl_move with resource and parent by their ids.';
COMMENT ON FUNCTION acl_set_inherits(text, text, boolean, boolean) IS 'Whether a resource takes the grants of its parent. copy: where it no longer does, what it took so far is granted on it. Kind document: a row of the default documents table, by key; see acl_set_row_inherits. 55000 for a *, 42501 not allowed, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_set_inherits(text, bigint, boolean, boolean) IS 'As acl_set_inherits with the resource by its id, a document by its key.';
COMMENT ON FUNCTION acl_drop(text, text) IS 'Removes a resource and the grants on it. 55006 where rows, children or API keys still use it, 55000 made with its account, 42501 not allowed, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_drop(text, bigint) IS 'As acl_drop with the resource by its id.';
COMMENT ON FUNCTION acl_create_user(text, text, text, text, boolean, timestamptz, boolean) IS 'Makes a user, puts it in the role and in every default role, and writes the event user_created. The e-mail is unique over the installation, in whatever case; key: the application''s own identifier; read_only: at most guest on rows. Returns its id. 42704 unknown role, 42710 taken, 22023 bad name or e-mail, 23514 a read-only administrator, 42501 without manage_users, or for a role that one may not hand out.';
COMMENT ON FUNCTION acl_create_role(text, text, boolean, text, boolean) IS 'Makes a role; purpose normal, approval or form; is_default: users made afterwards get it. Returns its id. 42710 taken, 22023 bad name or purpose, 42501 without manage_roles.';
COMMENT ON FUNCTION acl_alter_user(text, text, text, boolean, boolean, timestamptz) IS 'Changes a user, given by name, e-mail or key; null leaves as it is, valid_until infinity clears. 55000 the last administrator, 23514 a read-only administrator, 42710 taken, 22023 bad name or e-mail, 42809 not a user, 42704 unknown, 42501 without manage_users, or an administrator changed by somebody who is none.';
COMMENT ON FUNCTION acl_alter_role(text, text, text, boolean, boolean) IS 'Changes a role; null leaves as it is. A disabled role gives nothing and leads nowhere. 55000 what Administrators and everyone must stay, or the last administrator behind it, 42710 taken, 22023 bad name or purpose, 42809 not a role, 42704 unknown, 42501 without manage_roles.';
COMMENT ON FUNCTION acl_drop_user(text) IS 'Removes a user with its grants and memberships. 55006 where it still owns rows, 55000 the last administrator, 42809 not a user, 42704 unknown, 42501 not allowed.';
COMMENT ON FUNCTION acl_drop_role(text) IS 'Removes a role with its grants and memberships. 55006 where it still owns rows, 55000 Administrators, everyone, or the last administrator behind it, 42809 not a role, 42704 unknown, 42501 not allowed.';
COMMENT ON FUNCTION acl_assign(text, text, timestamptz, timestamptz) IS 'Makes a user, role or API key a member of a role, for a period or for good; without effect where it is one already. 23514 a cycle of roles, everyone, or a read-only user in the admin role, 22023 an empty period, 42704 unknown, 42501 without manage_roles, or for a role that one may not hand out.';
COMMENT ON FUNCTION acl_unassign(text, text) IS 'Ends a membership now; without effect where there is none. 55000 the last administrator, 0A000 where it follows a rule, 42704 unknown, 42501 not allowed.';
COMMENT ON FUNCTION acl_create_kind(text, boolean) IS 'Adds a kind of resource that is a gate of its own, with a * in every account; inherits: whether its resources do unless said otherwise. For superusers and system: 42501; 42710 exists, 22023 no name for a kind.';
COMMENT ON FUNCTION acl_set_kind(text, boolean) IS 'Whether resources of a kind made from now on inherit. For superusers and system: 42501; 22023 a kind of which it cannot be said, 42704 unknown.';
COMMENT ON FUNCTION acl_create_action(text) IS 'Adds an action, applicable everywhere. Returns its bit, 40 to 62. For superusers and system: 42501; 42710 exists, 22023 no name for an action, 55000 no bit left.';
COMMENT ON FUNCTION acl_map(text, text) IS 'Says which principal, system included, a database role is. For superusers: 42501; 42710 mapped to another, 55000 a trusted role, 42704 unknown role or principal.';
COMMENT ON FUNCTION acl_unmap(text) IS 'Ends what acl_map said of a database role. For superusers: 42501; 42704 unknown role.';
COMMENT ON FUNCTION acl_trust(text) IS 'Lets a database role call acl_set_user, ask about others and set docacl.account. For superusers: 42501; 55000 a mapped role, 42704 unknown role.';
COMMENT ON FUNCTION acl_distrust(text) IS 'Ends what acl_trust said of a database role. For superusers: 42501; 42704 unknown role.';

-- Granting.
COMMENT ON FUNCTION acl_grant(text, text, text, text, timestamptz, timestamptz, text) IS 'Grants actions (words, separated by commas) on a resource, by kind and name or path or *, for a period or for good. It adds and never shortens. Kind document: a row of the default documents table, by key; see acl_grant_row. Returns whether anything changed. 22023 unknown word, an action that does not apply to the kind, or an empty period, 23514 another account, 42501 not allowed, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_grant(text, text, text, bigint, timestamptz, timestamptz, text) IS 'As acl_grant with the resource by its id, a document by its key.';
COMMENT ON FUNCTION acl_revoke(text, text, text, text) IS 'Ends actions that were granted by hand on a resource, now; the rows are closed, not deleted. A NOTICE says what the principal still holds there through others. Returns whether anything changed. 0A000 a grant that follows a rule; else as acl_grant.';
COMMENT ON FUNCTION acl_revoke(text, text, text, bigint) IS 'As acl_revoke with the resource by its id, a document by its key.';
COMMENT ON FUNCTION acl_set_grant(text, text, text, text) IS 'Makes exactly these actions granted by hand to a principal on a resource; an empty text for none. Errors as acl_grant.';
COMMENT ON FUNCTION acl_set_grant(text, text, text, bigint) IS 'As acl_set_grant with the resource by its id, a document by its key.';
COMMENT ON FUNCTION acl_copy_grants(text, text) IS 'Grants one principal what another holds by itself, periods and notes included. 42501 without manage_roles, or where one may not grant all of it; 42704 unknown.';
COMMENT ON FUNCTION acl_grant_row(text, text, regclass, text, timestamptz, timestamptz, text) IS 'Grants actions on one row of a protected table, by its key; the row gets a list of its own, which adds to its location. Returns whether anything changed. 42501 without security on the row, 42704 a row that one may not read, 55000 a table that is not protected or has no own lists; else as acl_grant.';
COMMENT ON FUNCTION acl_revoke_row(text, text, regclass, text) IS 'Ends actions granted on one row, now; a NOTICE says what the principal still holds there through others. Returns whether anything changed. Errors as acl_grant_row.';
COMMENT ON FUNCTION acl_set_row_inherits(regclass, text, boolean, boolean) IS 'Whether a row''s own list adds to its location (true) or stands instead of it, for everyone (false). copy: what the location gave is granted on the list first. 42501 without security on the row, 42704 a row that one may not read, 55000 a table that is not protected or has no own lists.';

-- Asking.
COMMENT ON FUNCTION acl_can(text, bigint, text) IS 'Whether a principal may do all that the words say with a row of the default documents table; a row that is not there: false. About another principal 42501 unless superuser, system, admin, trusted, or with manage_users or manage_roles; 22023 unknown word, 42704 unknown principal, 55000 no default documents table.';
COMMENT ON FUNCTION acl_can(text, uuid, text) IS 'As acl_can for a table with uuid keys.';
COMMENT ON FUNCTION acl_can(text, text, text) IS 'As acl_can with the key as text.';
COMMENT ON FUNCTION acl_can(bigint, text) IS 'Whether the session''s user may do all that the words say with a row of the default documents table; a row that is not there: false. 22023 unknown word, 55000 no default documents table.';
COMMENT ON FUNCTION acl_can(uuid, text) IS 'As acl_can for a table with uuid keys.';
COMMENT ON FUNCTION acl_can(text, text) IS 'As acl_can with the key as text.';
COMMENT ON FUNCTION acl_can_row(text, regclass, text, text) IS 'Whether a principal may do all that the words say with a row of a protected table, by its key. 55000 a table that is not protected, or without a key; else as acl_can.';
COMMENT ON FUNCTION acl_can_row(regclass, text, text) IS 'Whether the session''s user may do all that the words say with a row of a protected table, by its key. 55000 a table that is not protected, or without a key; 22023 unknown word.';
COMMENT ON FUNCTION acl_can_on(text, text, text, text) IS 'Whether a principal may do all that the words say on a resource itself. To whoever administers the account an unknown name is 42704 and an ambiguous one 42725; to others it is false, like what they may not see. 42704 unknown kind, 22023 unknown word; about another principal as acl_can.';
COMMENT ON FUNCTION acl_can_on(text, text, bigint, text) IS 'As acl_can_on with the resource by its id.';
COMMENT ON FUNCTION acl_can_on(text, text, text) IS 'Whether the session''s user may do all that the words say on a resource itself. Errors as acl_can_on about a principal.';
COMMENT ON FUNCTION acl_can_on(text, bigint, text) IS 'As acl_can_on with the resource by its id.';
COMMENT ON FUNCTION acl_explain(text, bigint, text) IS 'Why a principal may or may not do all that the words say with a row of the default documents table: a line per gate (path of the resource, what is asked and held there, opens yes, no or neutral, through what, and for a closed gate the grant that would open it), a line per rule beside the gates that had a part, and last the verdict. Names that the asker may not see are null; no line where there is no such row, or where he may not know of it. Errors as acl_can.';
COMMENT ON FUNCTION acl_explain(text, uuid, text) IS 'As acl_explain for a table with uuid keys.';
COMMENT ON FUNCTION acl_explain(text, text, text) IS 'As acl_explain with the key as text.';
COMMENT ON FUNCTION acl_explain_row(text, regclass, text, text) IS 'As acl_explain for a row of any protected table, by its key. Errors as acl_can_row.';
COMMENT ON FUNCTION acl_who(bigint, text) IS 'The users and API keys who may do all that the words say with a row of the default documents table, and through what (role, everyone, own list, parent, *, owner, requester, admin). system, who may everything, is not among them. 42501 for whoever may not ask about others, 22023 unknown word, 55000 no default documents table.';
COMMENT ON FUNCTION acl_who(uuid, text) IS 'As acl_who for a table with uuid keys.';
COMMENT ON FUNCTION acl_who(text, text) IS 'As acl_who with the key as text.';
COMMENT ON FUNCTION acl_who_row(regclass, text, text) IS 'As acl_who for a row of any protected table, by its key. 55000 a table that is not protected, or without a key.';
COMMENT ON FUNCTION acl_session() IS 'Who is asking: principal, its id and account, how identified (token, API key, setting, request claims, database role, nobody), the function entered (null: none), whether read-only, and exempt: why PostgreSQL does not judge this session (superuser, BYPASSRLS; null: it does).';
COMMENT ON FUNCTION acl_actions(text, bigint) IS 'All that a principal may do with a row of the default documents table, as names of actions. Errors as acl_can.';
COMMENT ON FUNCTION acl_actions(text, uuid) IS 'As acl_actions for a table with uuid keys.';
COMMENT ON FUNCTION acl_actions(text, text) IS 'As acl_actions with the key as text.';
COMMENT ON FUNCTION acl_actions(bigint) IS 'All that the session''s user may do with a row of the default documents table, as names of actions. 55000 no default documents table.';
COMMENT ON FUNCTION acl_actions(uuid) IS 'As acl_actions for a table with uuid keys.';
COMMENT ON FUNCTION acl_actions(text) IS 'As acl_actions with the key as text.';
COMMENT ON FUNCTION acl_actions_row(text, regclass, text) IS 'All that a principal may do with a row of a protected table, as names of actions. Errors as acl_can_row.';
COMMENT ON FUNCTION acl_actions_on(text, text, text) IS 'All that a principal may do on a resource itself, as names of actions. Errors as acl_can_on.';
COMMENT ON FUNCTION acl_actions_on(text, text, bigint) IS 'As acl_actions_on with the resource by its id.';
COMMENT ON FUNCTION acl_require(bigint, text) IS 'Nothing, or 42501 where acl_can about the session''s user is not true. Of print, email, import, export, workflow, calendar, subscription, automation, reading_request and actions that a DBA added it writes a row into docacl.event (not in a read-only transaction or on a standby).';
COMMENT ON FUNCTION acl_require(uuid, text) IS 'As acl_require for a table with uuid keys.';
COMMENT ON FUNCTION acl_require(text, text) IS 'As acl_require with the key as text.';
COMMENT ON FUNCTION acl_require_row(regclass, text, text) IS 'Nothing, or 42501 where acl_can_row about the session''s user is not true. Events as acl_require.';
COMMENT ON FUNCTION acl_require_on(text, text, text) IS 'Nothing, or 42501 where acl_can_on about the session''s user is not true. Events as acl_require.';
COMMENT ON FUNCTION acl_require_on(text, bigint, text) IS 'As acl_require_on with the resource by its id.';

-- Who is asking.
COMMENT ON FUNCTION acl_set_user(text, text, boolean) IS 'Makes the session a principal, by name in an account, e-mail or key: until the transaction ends, or with local => false until told otherwise. For superusers and trusted database roles, system for superusers only: 42501; 25P01 local without a transaction block, 28000 disabled or expired, 42809 a role, 42704 unknown.';
COMMENT ON FUNCTION acl_user() IS 'The name of who is asking; null: nobody.';
COMMENT ON FUNCTION acl_user_id() IS 'The id of who is asking; null: nobody.';

-- Protecting tables.
COMMENT ON FUNCTION acl_protect(regclass, jsonb, jsonb) IS 'Protects a table, or alters in one step how it is protected: gates (which column refers to what) and options. Returns findings about the table with advice. For superusers and system: 42501; 22023 unknown gate, option or word, 42703 unknown column, 42804 a column of the wrong type or of unclear meaning, 42809 no ordinary table, 42710 a second default table, 0A000 what this version does not support.';
COMMENT ON FUNCTION acl_create_documents(text) IS 'Makes a documents table with an index for every gate column and protects it; the default documents table, if there is none yet. It belongs to the superuser who calls, otherwise to the extension''s owner, and nobody is granted anything. Returns what acl_protect returns. For superusers and system: 42501; 42710 a relation of that name exists, 42704 unknown schema, 22023 no name for a table.';
COMMENT ON FUNCTION acl_check(regclass) IS 'The ways around a protected table, or with null around all of them, that exist now, worst first: error, a hole; warning, a way around for somebody; notice, what one should know; advice, what would be faster. For superusers and system: 42501; 55000 not protected.';
COMMENT ON FUNCTION acl_index_advice(regclass) IS 'The indexes that a protected table lacks: column, the statement that makes one, and what it is good for. For superusers and system: 42501; 55000 not protected.';
COMMENT ON FUNCTION acl_enforce(regclass, boolean) IS 'Whether docacl judges a protected table (true), or only answers questions about its rows (false, as with option "enforce" of acl_protect): then there are no policies and triggers, and row security is what it was, with a WARNING. Own lists are brought back to their rows when it judges again. For superusers and system: 42501; 55000 not protected or a trigger that fires too late, 23514 a list that is another row''s.';
COMMENT ON FUNCTION acl_unprotect(regclass) IS 'Ends the protection of a table, with a WARNING: policies, ENABLE and FORCE are what they were before. The own lists of its rows stay. For superusers and system: 42501; 55000 not protected.';

-- Accounts as customers: settings and usage.
COMMENT ON FUNCTION acl_set(text, text, text, jsonb) IS 'Sets a setting of an account, an environment or a company, by kind and name or path; null removes it. 42501 without configure on the account or environment, 22023 another kind or a bad name, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_set(text, bigint, text, jsonb) IS 'As acl_set with the resource by its id.';
COMMENT ON FUNCTION acl_setting(text, text, text) IS 'The value of a setting that holds for a company, an environment or an account: its own, else that of what it lies in; null where there is none, and of what one may not see. 22023 another kind; to whoever administers the account 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_setting(text, bigint, text) IS 'As acl_setting with the resource by its id.';
COMMENT ON FUNCTION acl_set_account_option(text, text) IS 'Chooses an option of the account at hand. project_creator: own (who creates a project gets change on it) or all (on every project, by a grant on *). What was granted before stays. 42501 without configure and manage_roles on the account, 22023 unknown option or value.';
COMMENT ON FUNCTION acl_usage(text) IS 'How much an account uses, in columns that add up: rows of protected tables by environment, table and month (of the column created_at, in UTC), enabled users, enabled API keys by environment. Rows of tables that only a parent decides are not counted. 42501 without view_usage, 42704 unknown account.';
COMMENT ON FUNCTION acl_usage(bigint) IS 'As acl_usage with the account by its id.';

COMMENT ON FUNCTION acl_matrix(text, text) IS 'Who may do what on which resource of a kind: a line for each pair, whose actions may be none; psql makes a table of it with \crosstabview. One kind is user, role or api_key, the other one of resources, either way round. Whoever may ask about others (see acl_can) is shown all principals of the account, others themselves and their roles; only resources that one sees. 42704 unknown kind, 22023 kinds of which no matrix is made.';

-- Grants carried over.
COMMENT ON FUNCTION acl_copy_resource_grants(text, text, text) IS 'Grants on one resource, by kind and name or path, what is granted on another itself, periods and notes included. Kind document: rows of the default documents table, by key. 42501 where one may not grant on both, or not give an action of administration, 23514 different accounts, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_copy_resource_grants(text, bigint, bigint) IS 'As acl_copy_resource_grants with the resources by their ids, documents by their keys.';
COMMENT ON FUNCTION acl_copy_resource_grants(text, text, bigint) IS 'As acl_copy_resource_grants with the second resource by its id.';
COMMENT ON FUNCTION acl_copy_resource_grants(text, bigint, text) IS 'As acl_copy_resource_grants with the first resource by its id.';
COMMENT ON FUNCTION acl_apply_to_children(text, text) IS 'Makes everything below a resource take what holds on it and nothing else: grants made there by hand end, all of it inherits; rows'' own lists and what follows a rule stay. 42501 where one may not grant on the resource and all that lies below, 22023 a document, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_apply_to_children(text, bigint) IS 'As acl_apply_to_children with the resource by its id.';
COMMENT ON FUNCTION acl_reassign(text, text) IS 'Hands over to a user what another has: his memberships and grants, periods and notes included, and as owner and requester his rows. He keeps what follows a rule and his login; see acl_alter_user and acl_drop_user. For admins: 42501; 55000 a user who is disabled or has no key where rows name people by keys, or the last administrator, 23514 a read-only user in the admin role, 23503 and 0A000 foreign keys of the application, 42704 unknown, 42809 no user.';

-- Tables and columns of which sql/tables.sql says nothing.
COMMENT ON SCHEMA docacl IS 'Tables of docacl, changed only through the acl_* functions.';
COMMENT ON COLUMN docacl.kind.gate IS 'The gate of rows that its resources are behind; null: none.';
COMMENT ON COLUMN docacl.kind.rank IS 'Among the kinds of a gate, outermost first.';
COMMENT ON COLUMN docacl.resource.account_id IS 'The account to which it belongs; an account belongs to itself.';
COMMENT ON COLUMN docacl.resource.is_star IS 'The * of its kind and account.';
COMMENT ON COLUMN docacl.resource.relation IS 'Of a document: the table of the row whose own list it is.';
COMMENT ON COLUMN docacl.resource.row_key IS 'Of a document: the key of that row.';
COMMENT ON COLUMN docacl.principal.account_id IS 'Null for system only.';
COMMENT ON COLUMN docacl.principal.key IS 'The application''s own identifier, unique over all principals.';
COMMENT ON COLUMN docacl.principal.read_only IS 'At most guest on rows; administers nothing.';
COMMENT ON COLUMN docacl.principal.is_default IS 'Of a role: users made afterwards get it.';
COMMENT ON COLUMN docacl.principal.built_in IS 'system, or which of the roles that an account is made with.';
COMMENT ON COLUMN docacl.principal.environment_id IS 'Of an API key: the environment that it cannot leave.';
COMMENT ON COLUMN docacl.membership.revoked_at IS 'When it was taken away; null: it was not.';
COMMENT ON COLUMN docacl.grants.actions IS 'A mask; its bits are those of docacl.action.';
COMMENT ON COLUMN docacl.grants.source IS 'manual: acl_grant; creator: made with the resource, for whoever made it; auto and mirror: by a rule, not revoked by hand.';
COMMENT ON COLUMN docacl.grants.revoked_at IS 'When it was revoked; null: it was not.';
COMMENT ON COLUMN docacl.protected_table.spec IS 'Gates and options, completed. The policies and the trigger of the table carry the same.';
COMMENT ON COLUMN docacl.protected_table.is_default IS 'The table meant by kind document and by acl_can without a table.';

-- What keeps stamps: sql/stamps.sql.
COMMENT ON FUNCTION docacl.touch(smallint, bigint[]) IS 'Gives the stamps of a kind new random values. As the owner: whoever changes grants has no right to the table of stamps.';
COMMENT ON SEQUENCE docacl.change IS 'A random value, another one whenever something changed that a check depends on: before the change is visible to anybody.';
COMMENT ON FUNCTION docacl.note_change() IS 'Gives docacl.change another value.';
COMMENT ON FUNCTION docacl.touch_changed() IS 'Touches the stamps that the changed rows stand for; its arguments are the kind of stamp and the column.';
COMMENT ON FUNCTION docacl.touch_structure() IS 'Touches the stamps of accounts of which existing resources were changed or removed; rows'' own lists aside.';
COMMENT ON FUNCTION docacl.refuse_truncate() IS 'Refuses TRUNCATE of the tables on which keys depend: 0A000.';
COMMENT ON FUNCTION acl_enqueue(text, bigint) IS 'Puts a document of the default table in a queue and returns the item''s id; one that is there already is not put there twice, and one that the asker claimed waits again. Needs sight of the document, and work_queue on the queue or workflow on the document. 42704 unknown queue or document, or none that the asker may see, 42501 neither of the two, 55000 no default documents table.';
COMMENT ON FUNCTION acl_enqueue(text, uuid) IS 'As acl_enqueue for a table with uuid keys.';
COMMENT ON FUNCTION acl_enqueue(text, text) IS 'As acl_enqueue with the key as text.';
COMMENT ON FUNCTION acl_claim(text) IS 'Claims for the session''s user the oldest waiting item of a queue whose document he may read, and returns its id; null where there is none. Concurrent claims never give one item to two users, and do not wait for one another. Needs work_queue on the queue. 42704 unknown queue, or none that the asker may see, 42501 without work_queue.';
COMMENT ON FUNCTION acl_complete(bigint) IS 'Completes an item that the session''s user claimed; an admin any. Returns false where it is complete already. 42704 unknown item, or none that the asker may see any more, 42501 an item of somebody else.';
COMMENT ON FUNCTION acl_create_task(bigint, text, boolean) IS 'Starts an approval task: one member of the role (everyone: all who may read the document) approves a document of the default table. Returns the task''s id and writes the event task_created. Needs workflow on the document. 42704 unknown role or document, 42809 a role whose purpose is not approval, 42501 without workflow. A WARNING where no member may read the document.';
COMMENT ON FUNCTION acl_create_task(uuid, text, boolean) IS 'As acl_create_task for a table with uuid keys.';
COMMENT ON FUNCTION acl_create_task(text, text, boolean) IS 'As acl_create_task with the key as text.';
COMMENT ON FUNCTION acl_decide(bigint, boolean, text) IS 'The session''s user, a member of the task''s role who may read the document, approves or rejects. Returns the task''s state: open, approved or rejected; one rejection rejects. A task for everyone asks who is in the role, may read the document and is not read-only at the moment of the decision: who came meanwhile has to approve as well, who left is not waited for. A role that is disabled or no approval role any more decides on nothing. Writes the event task_decided. 42704 unknown task, or none that the asker may see, 42501 no member of the role, 55000 decided already.';
COMMENT ON FUNCTION acl_create_form(text, text, text) IS 'Makes a form, a resource on which complete_form is granted: whoever completes it makes a document of the type in the location. Returns its id. Needs the admin role. 42704 unknown type or location, 42710 taken.';
COMMENT ON FUNCTION acl_complete_form(text, jsonb) IS 'Makes a row of the default documents table with these columns, the form''s type and location, owned by the session''s user, and returns its key; needs complete_form on the form and no right on the type, the location or the table; whoever has INSERT on some columns of the table only names no others. What the table checks deferred is checked at commit; a deferrable constraint trigger of one''s own has to be immediate. 42704 unknown form, or none that the asker may see, 42501 a column beside those that INSERT is granted for, 22023 no object, or a column that is not for a form to set (the key, gates, owner, flags, columns with an action of their own), 42703 no such column, 55000 a default documents table without a type or location.';

-- Search.
COMMENT ON FUNCTION acl_trust_search(boolean) IS 'Lets @@, LIKE, ILIKE, ~, jsonb @> and ?, && and @> of arrays, and the similarity of pg_trgm use their indexes under row security, in this database; false puts back exactly what was there. Counts of EXPLAIN ANALYZE and time then tell how many rows that are not shown match. Returns the operators, on what condition, and whether they are trusted now. For superusers: 42501.';
COMMENT ON FUNCTION acl_mirror(regclass, text, text, text, text, text, text, text, text) IS 'Keeps the rows of an application''s table as resources of a kind, as users or as roles, now and through every later insert, update and delete; returns how many there are. key_column (unique) becomes the key, name_column the name, parent_column names the parent by its key (companies: the environment, parties: the company), account_column the account by key or name (left out: the account at hand), email_column and role_column (a role by key or name; left out or null: Users) of users, enabled_column of users and roles. What has the name already and no key is taken over now, never later. The key of a row cannot change (0A000), the table cannot be truncated (0A000). Whoever may write the table administers what it holds. Superusers and system. 42703 no such column, 42804 a column of the wrong type, 22023 a key that is not unique, a column that does not belong to the kind or a name that is none, 42710 a name, e-mail or key that is taken, 23503 a parent, role or account that does not exist, 23514 a cycle or a parent of another account, 42809 no ordinary table, 0A000 a partitioned one.';
COMMENT ON FUNCTION acl_mirror_members(regclass, text, text) IS 'Keeps the rows of an application''s table as memberships, now and through every later change; returns how many there are. The columns, unique together, hold the role''s key (or name) and the member''s key. Such memberships are not taken away by hand (0A000). Errors as acl_mirror, 23514 a role in itself, 55000 the last administrator of an account.';
COMMENT ON FUNCTION acl_unmirror(regclass, text) IS 'Ends the mirrors of a table, or the one of a kind (member: memberships); what they made stays. Superusers and system. 55000 a table that is not mirrored.';
-- Who is asking, by token or key.
COMMENT ON FUNCTION acl_login(text, boolean) IS 'Says who is asking, by a signed token (JWT) or an API key; local: for the transaction, else for the session. Within a transaction the first such login stands. A session that a login was refused to is nobody. 28000 refused (one message for whatever is wrong with the token or its principal), another login in this transaction, cursors of another identity, or docacl.require_local; 22023 longer than 8 kB; 25P01 local and no transaction.';
COMMENT ON FUNCTION acl_logout() IS 'The session is nobody again, or what its database role is mapped to, and has entered no function.';
COMMENT ON FUNCTION acl_enter(text, boolean) IS 'Says which function (screen) is in use, by name or path; null leaves it; local: for the transaction, else for the session. Tables that name functions ask that one, if it is one of theirs, and show nothing otherwise. 42704 unknown or not seen, 42725 ambiguous, 25P01 local and no transaction, 28000 docacl.require_local.';
COMMENT ON FUNCTION acl_issue_token(text, interval) IS 'A token for a user or API key, signed with the HS256 key added last; it expires after ttl. For superusers and system: 42501; 55000 no such key, 22023 a ttl of less than a second or more than ten years, 42809 a role, 42704 unknown.';
COMMENT ON FUNCTION acl_add_token_key(text, text, text) IS 'Adds a key that tokens with this kid are verified with, by the one algorithm given: HS256 with a secret of at least 32 bytes, RS256, ES256 or EdDSA with a public key in PEM or as a JWK. For superusers: 42501; 42710 exists, 22023 unknown algorithm, or a key that is not for it.';
COMMENT ON FUNCTION acl_drop_token_key(text) IS 'Ends a key for tokens; tokens signed with it are refused from now on. For superusers: 42501; 42704 unknown.';
COMMENT ON FUNCTION acl_create_api_key(text, text, text, timestamptz) IS 'Makes an API key of an environment, a principal that never leaves it, puts it in a role if one is given, and returns the key, which cannot be shown again. 42501 without manage_api_keys on the account or the environment, or for a role that one may not hand out; 42710 taken, 22023 bad name or valid_until, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_revoke_api_key(text, text) IS 'Ends an API key of an environment with what it held; without effect where it was revoked already. 42501 without manage_api_keys on the account or the environment, 42704 unknown, 42725 ambiguous.';
