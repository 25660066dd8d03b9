-- Invantive Vision with docacl: project security and function security, of which a user needs both.
--
--     createdb invantive && psql -d invantive -v ON_ERROR_STOP=1 -f examples/invantive.sql     (as a superuser; docacl is installed)
--
-- It checks itself: a wrong answer ends it with an error. Left out here, because the application has them already: the screens.
-- Which screen of Vision is what in docacl:
--
--   Persons                  acl_create_user, or acl_mirror of the application's table; acl_map gives a person his login code
--   Roles, User Roles        acl_create_role and acl_assign, or acl_mirror and acl_mirror_members
--   Role Authorisations      acl_grant(role, 'open' or 'change', 'screen', …)
--   Project Authorisations   acl_grant(user, 'see' or 'change', 'project', …)
--   Settings                 acl_grant('everyone', 'see' or 'change', 'project', '*')
--   Profile options          acl_auto_grant(…, code => '…-pae-…') and acl_profile_option

\set QUIET on
\set SHOW_CONTEXT never
\pset footer off
set client_min_messages = warning;
create extension docacl;

--
-- 1. The application's tables: a developer of real estate. Persons, roles and projects are kept as docacl's own by triggers.
--
create table person (login text primary key, name text not null, email text, active boolean not null default true);
create table app_role (code text primary key, name text not null);
create table user_role (role text references app_role, person text references person, primary key (role, person));
create table project (id integer primary key, name text not null, controller text references person);

insert into app_role values ('sales', 'Sales'), ('cost', 'Cost control'), ('ops', 'Operations'), ('audit', 'Audit'), ('loader', 'Project loaders');
insert into person values ('anna', 'Anna', 'anna@meridian.example'), ('bert', 'Bert', 'bert@meridian.example'), ('cees', 'Cees', 'cees@meridian.example'),
    ('dora', 'Dora', 'dora@meridian.example'), ('evi', 'Evi', 'evi@meridian.example'), ('fred', 'Fred', 'fred@meridian.example'), ('gina', 'Gina', 'gina@meridian.example');
insert into project values (1, 'Park View', null), (2, 'Mill Lane', null);

select acl_mirror('person', 'user', 'login', 'name', email_column => 'email', enabled_column => 'active') as persons,
       acl_mirror('app_role', 'role', 'code', 'name') as roles, acl_mirror_members('user_role', 'role', 'person') as user_roles,
       acl_mirror('project', 'project', 'id', 'name') as projects;

--
-- 2. The functions: screens, and one for each kind of data that documents belong to. Tables are protected by their project and by
--    the screens that serve them, the usual one first.
--
do $$ begin
    perform acl_create('screen', s) from unnest(array['Budgets', 'Invoices', 'Orders', 'Order overview', 'Revenues', 'Documents', 'Suppliers']) as s;
    perform acl_create('function', 'Access to documents of ' || d, key => 'documents.' || lower(d)) from unnest(array['Budget', 'Order', 'Revenue']) as d;
    perform acl_create('function', 'Access to documents with Project.', key => 'documents.project');
    perform acl_create('function', 'Access to documents with Background Process.');
end $$;

create table budget      (id integer primary key, project integer references project, what text, amount numeric);
create table invoice     (id integer primary key, project integer references project, what text, amount numeric);
create table order_line  (id integer primary key, project integer references project, what text, amount numeric);
create table revenue     (id integer primary key, project integer references project, what text, amount numeric);
create table supplier    (id integer primary key, name text);
-- A document says by its kind which function opens it.
create table document    (id integer primary key, kind text not null, project integer references project, title text, content text);
-- A background process has a requester; what it produced is decided by it.
create table background_process (id integer primary key, requester text references person, project integer references project, what text);
create table process_document   (id integer primary key, process integer not null references background_process, title text);

do $$ begin
    perform acl_protect('budget',     '{"project": "project", "function": {"constant": ["Budgets"]}}');
    perform acl_protect('invoice',    '{"project": "project", "function": {"constant": ["Invoices"]}}');
    perform acl_protect('order_line', '{"project": "project", "function": {"constant": ["Orders", "Order overview"]}}');
    perform acl_protect('revenue',    '{"project": "project", "function": {"constant": ["Revenues"]}}');
    perform acl_protect('supplier',   '{"function": {"constant": ["Suppliers"]}}');
    perform acl_protect('project',    '{"project": {"column": "id", "by": "key"}}');
    perform acl_protect('document',   '{"project": "project", "function": "kind"}', '{"required": ["function"], "default": true}');
    perform acl_protect('background_process', '{"project": "project", "function": {"constant": ["Access to documents with Background Process."]}}', '{"requester": "requester"}');
    perform acl_protect('process_document',   '{"parent": {"relation": "background_process", "column": "process", "actions": {"delete": "delete"}}}');
end $$;
insert into budget     values (1, 1, 'Park View, foundations', 100000), (2, 2, 'Mill Lane, roofs', 50000);
insert into invoice    values (1, 1, 'Park View, piles', 40000), (2, 2, 'Mill Lane, slates', 9000);
insert into order_line values (1, 1, 'Park View, concrete', 20000), (2, 2, 'Mill Lane, timber', 8000), (3, null, 'office, of no project', 300);
insert into revenue    values (1, 1, 'Park View, unit 12', 310000), (2, 2, 'Mill Lane, unit 3', 280000);
insert into supplier   values (1, 'Concrete & Sons');
insert into document   values (1, 'documents.order', 1, 'order, Park View'), (2, 'documents.order', 2, 'order, Mill Lane'), (3, 'documents.revenue', 1, 'deed, Park View'),
                              (4, 'documents.budget', 1, 'budget, Park View'), (5, 'documents.project', 1, 'permit, Park View');
insert into background_process values (1, 'bert', 1, 'report of costs'), (2, null, 2, 'nightly check'), (3, 'anna', null, 'list of addresses');
insert into process_document select id, id, 'result of ' || what from background_process;

--
-- 3. Rights. Roles open screens and change in them; users see and change projects.
--
insert into user_role values ('sales', 'anna'), ('cost', 'bert'), ('ops', 'cees'), ('audit', 'dora'), ('sales', 'evi'), ('cost', 'evi'), ('loader', 'fred');
do $$ begin
    -- Role Authorisations: a row is open, its mark is change
    perform acl_grant('Sales', 'change', 'screen', 'Revenues'), acl_grant('Sales', 'open', 'screen', 'Orders'), acl_grant('Sales', 'change', 'function', 'Access to documents of Revenue');
    perform acl_grant('Cost control', 'change', 'screen', s) from unnest(array['Budgets', 'Invoices', 'Orders', 'Suppliers']) as s;
    perform acl_grant('Cost control', 'open', 'screen', 'Order overview'), acl_grant('Cost control', 'change', 'function', 'Access to documents of Order');
    perform acl_grant('Operations', 'open', 'function', 'Access to documents with Background Process.');
    perform acl_grant('Audit', 'open', 'function', '*');                                  -- every screen there is and will be
    perform acl_grant('Project loaders', 'change', 'function', 'Projects'), acl_grant('Project loaders', 'change', 'function', 'Project Authorizations');
    perform acl_grant('Project loaders', 'change', 'screen', 'Budgets');
    -- Roles: all users with the role may see all projects
    perform acl_grant('Audit', 'see', 'project', '*');
    -- Project Authorisations: by project and user
    perform acl_grant('Anna', 'change', 'project', 'Park View');
    perform acl_grant('Bert', 'change', 'project', 'Park View'), acl_grant('Bert', 'see', 'project', 'Mill Lane');
    perform acl_grant('Cees', 'see', 'project', 'Mill Lane');
    perform acl_grant('Evi', 'see', 'project', 'Mill Lane');
end $$;

-- The application connects as one database role, which is trusted to say who is asking. It has all privileges on the tables; what
-- its users get of them is decided row by row.
create role invantive_app;
grant select, insert, update, delete on person, project, budget, invoice, order_line, revenue, supplier, document, background_process, process_document to invantive_app;
select acl_trust('invantive_app');

-- What a statement does for somebody in a screen (null: the usual one), undone afterwards: the rows, or the SQLSTATE.
create function for_user(who text, statement text, screen text default null) returns text language plpgsql as $$
declare
    n bigint;
begin
    begin
        perform set_config('role', 'invantive_app', true);
        perform acl_set_user(who), acl_enter(screen);
        execute statement;
        get diagnostics n = row_count;
        raise exception using errcode = 'ZZ999';
    exception when sqlstate 'ZZ999' then return n; when others then return sqlstate;
    end;
end
$$;
create function seen(who text, relation text, screen text default null) returns text language plpgsql as $$
declare
    ids text;
begin
    begin
        perform set_config('role', 'invantive_app', true);
        perform acl_set_user(who), acl_enter(screen);
        execute format('select coalesce(string_agg(id::text, '','' order by id), ''-'') from %I', relation) into ids;
        raise exception using errcode = 'ZZ999';
    exception when sqlstate 'ZZ999' then return ids;
    end;
end
$$;

--
-- 4. What each of them sees: a row needs its project and its screen; what is of no project needs its screen alone (order 3).
--
select who, seen(who, 'project') as projects, seen(who, 'budget') as budgets, seen(who, 'invoice') as invoices, seen(who, 'order_line') as orders,
       seen(who, 'revenue') as revenues, seen(who, 'supplier') as suppliers, seen(who, 'document') as documents
from unnest(array['Anna', 'Bert', 'Cees', 'Dora', 'Evi', 'Fred', 'Gina']) as who;
do $$ begin
    assert (select array_agg(concat_ws(' ', who, seen(who, 'project'), seen(who, 'budget'), seen(who, 'invoice'), seen(who, 'order_line'), seen(who, 'revenue'), seen(who, 'document')))
            from unnest(array['Anna', 'Bert', 'Cees', 'Dora', 'Evi', 'Fred', 'Gina']) as who)
         = array['Anna 1 - - 1,3 1 3', 'Bert 1,2 1,2 1,2 1,2,3 - 1,2', 'Cees 2 - - - - -', 'Dora 1,2 1,2 1,2 1,2,3 1,2 1,2,3,4,5', 'Evi 2 2 2 2,3 2 2', 'Fred - - - - - -', 'Gina - - - - - -'], 'what each sees';
    -- Writing needs change on both: Anna only opens Orders, Bert only sees Mill Lane, Dora only sees.
    assert for_user('Bert', 'update order_line set amount = 0') = '2', 'Park View, and the order of no project';
    assert for_user('Anna', 'update order_line set amount = 0') = '0' and for_user('Anna', 'update revenue set amount = 0') = '1';
    assert for_user('Bert', 'insert into invoice values (3, 1, ''Park View'', 1)') = '1' and for_user('Bert', 'insert into invoice values (3, 2, ''Mill Lane'', 1)') = '42501';
    assert for_user('Dora', 'update budget set amount = 0') = '0' and for_user('Dora', 'delete from invoice') = '0' and for_user('Dora', 'insert into supplier values (2, ''x'')') = '42501';
    -- No row is taken out of its project by who may not change there: that would show it to all who have the screen.
    assert for_user('Bert', 'update order_line set project = null where id = 2') = '0';
    -- Two roles are a sum: Evi sees revenues as Sales and budgets as Cost control.
    assert seen('Evi', 'revenue') = '2' and seen('Evi', 'budget') = '2';
end $$;

--
-- 5. The same data in another screen: Bert changes orders in Orders and only looks in Order overview. A screen that does not serve
--    the table shows nothing of it.
--
select screen, seen('Bert', 'order_line', screen) as orders, for_user('Bert', 'update order_line set amount = 0', screen) as changed
from unnest(array['Orders', 'Order overview', 'Budgets']) as screen;
do $$ begin
    assert for_user('Bert', 'update order_line set amount = 0', 'Order overview') = '0' and seen('Bert', 'order_line', 'Order overview') = '1,2,3';
    assert seen('Bert', 'order_line', 'Budgets') = '-' and for_user('Bert', 'select 1', 'Revenues') = '42704', 'nobody enters what he may not open';
end $$;

--
-- 6. The buttons of a screen, as the application asks for them: with no project, and with each.
--
create function buttons(who text, screen text, project text) returns text language plpgsql as $$
declare
    said text;
begin
    begin
        perform set_config('role', 'invantive_app', true);
        perform acl_set_user(who);
        select concat_ws(' ', case when open then 'open' end, case when "add" then 'Add' end, case when change then 'Change' end, case when delete then 'Delete' end)
        into said from acl_buttons(screen, project);
        raise exception using errcode = 'ZZ999';
    exception when sqlstate 'ZZ999' then return said;
    end;
end
$$;
select who, screen, buttons(who, screen, 'Park View') as "Park View", buttons(who, screen, 'Mill Lane') as "Mill Lane", buttons(who, screen, null) as "no project"
from unnest(array['Anna', 'Bert', 'Dora']) as who, unnest(array['Orders', 'Revenues']) as screen;
do $$ begin
    assert buttons('Bert', 'Orders', 'Park View') = 'open Add Change Delete' and buttons('Bert', 'Orders', 'Mill Lane') = 'open', 'see there, change here';
    assert buttons('Anna', 'Orders', 'Park View') = 'open' and buttons('Bert', 'Revenues', 'Park View') = '' and buttons('Bert', 'Orders', 'No such project') = '';
end $$;

--
-- 7. Settings: everyone may see all projects. No screen comes with it. And off again.
--
select acl_grant('everyone', 'see', 'project', '*') as "everyone sees all projects";
do $$ begin
    assert seen('Anna', 'revenue') = '1,2' and seen('Anna', 'budget') = '-' and for_user('Anna', 'update revenue set amount = 0') = '1';
end $$;
select acl_revoke('everyone', 'see', 'project', '*') as "no longer";
do $$ begin assert seen('Anna', 'revenue') = '1'; end $$;

--
-- 8. Documents. The screen Documents opens none by itself: each kind has its function. To change one takes change there.
--
select acl_grant('Sales', 'open', 'screen', 'Documents');
do $$ begin
    assert seen('Anna', 'document') = '3' and for_user('Anna', 'update document set content = ''new''') = '1';
    assert seen('Bert', 'document') = '1,2' and for_user('Bert', 'update document set content = ''new''') = '1', 'the order of Mill Lane he only sees';
    -- The screen Budgets shows budgets; their documents need a function more.
    assert seen('Bert', 'budget') = '1,2' and not acl_can('Bert', 4, 'see');
end $$;

--
-- 9. Background processes: Operations see the documents of all processes (of projects that they may see); who requested one sees and
--    edits its documents always, and never deletes them.
--
select who, seen(who, 'process_document') as documents, for_user(who, 'update process_document set title = ''x''') as edits, for_user(who, 'delete from process_document') as deletes
from unnest(array['Anna', 'Bert', 'Cees', 'Dora', 'Gina']) as who;
do $$ begin
    assert (select array_agg(concat_ws(' ', who, seen(who, 'process_document'), for_user(who, 'update process_document set title = ''x'''), for_user(who, 'delete from process_document')))
            from unnest(array['Anna', 'Bert', 'Cees', 'Dora', 'Gina']) as who) = array['Anna 3 1 0', 'Bert 1 1 0', 'Cees 2,3 0 0', 'Dora 1,2,3 0 0', 'Gina - 0 0'], 'requesters and holders of the function';
    -- Nobody makes himself the requester of another's process.
    assert for_user('Bert', 'update background_process set requester = ''bert'' where id = 3') = '0' and for_user('Anna', 'update background_process set requester = ''bert'' where id = 3') = '42501';
end $$;
-- who has left has nothing, requested or not
begin;
update person set active = false where login = 'bert';
do $$ begin assert not acl_can_row('Bert', 'process_document', '1', 'see') and for_user('Bert', 'select 1') = '28000'; end $$;
rollback;

--
-- 10. Profile options: who is the controller of a project gets his rights from that, as long as the option is on and he is it.
--
select acl_auto_grant('project', 'controller', 'project', 'change', code => 'acl-pae-controller-change') as "granted while the option is off";
update project set controller = 'evi' where id = 1;
do $$ begin assert seen('Evi', 'budget') = '2'; end $$;
select acl_profile_option('acl-pae-controller-change', true);
do $$ begin assert seen('Evi', 'budget') = '1,2' and for_user('Evi', 'update budget set amount = 0') = '1', 'of the project that had her as controller already'; end $$;
update project set controller = 'gina' where id = 1;
update project set controller = 'evi' where id = 2;
select principal, actions, path as project, source, note, revoked_at is null as holds from docacl.grant_list
where principal in ('Evi', 'Gina') and kind = 'project' order by principal, granted_at, source, path;
do $$ begin
    assert seen('Evi', 'budget') = '2' and for_user('Evi', 'update budget set amount = 0') = '1' and acl_can_on('Gina', 'project', 'Park View', 'change'), 'replaced there, appointed here';
    assert seen('Gina', 'budget') = '-', 'and a project is no screen';
end $$;
update project set controller = null where id = 2;
do $$ begin assert seen('Evi', 'budget') = '2' and for_user('Evi', 'update budget set amount = 0') = '0', 'what Evi was granted by hand is left'; end $$;
select acl_profile_option('acl-pae-controller-change', false);
do $$ begin assert not acl_can_on('Gina', 'project', 'Park View', 'see') and acl_can_on('Evi', 'project', 'Mill Lane', 'see'), 'off: all that it gave is gone, and nothing else'; end $$;

--
-- 11. A new project: who loads it gets it, and may authorise others; nobody else sees it, nor does he see theirs. Here it is made with
--     acl_create, in the name of the user who loads it; the mirror takes over what has its key.
--
begin;
set local role invantive_app;
select acl_set_user('Fred');
select acl_create('project', 'Harbour', key => '3') > 0 as loaded;
select acl_grant('Bert', 'see', 'project', 'Harbour') as "Fred authorises Bert";
reset role;
insert into project values (3, 'Harbour', null);
insert into budget values (3, 3, 'Harbour, quay', 1);
do $$ begin
    assert seen('Fred', 'project') = '3' and seen('Fred', 'budget') = '3' and for_user('Fred', 'update budget set amount = 0') = '1' and seen('Bert', 'budget') = '1,2,3' and seen('Evi', 'budget') = '2';
    assert for_user('Bert', 'select acl_create(''project'', ''Mine'')') = '42501' and for_user('Fred', 'select acl_grant(''Fred'', ''see'', ''project'', ''Park View'')') = '42704';
end $$;
commit;

--
-- 12. The user system has access to all projects, and to everything else. It takes a database role that a superuser maps to it.
--
create role invantive_jobs;
grant select, update on budget, order_line, document to invantive_jobs;
select acl_map('invantive_jobs', 'system');
begin;
set local role invantive_jobs;
select acl_user(), (select count(*) from budget) as budgets, (select count(*) from order_line) as orders, (select count(*) from document) as documents;
do $$ begin assert (select count(*) from budget) = 3 and (select count(*) from document) = 5; end $$;
rollback;
do $$ begin assert for_user('system', 'select 1') = '42501', 'the application does not become it'; end $$;

-- Why is it closed, and which grant would open it: the budget of Mill Lane for Anna, gate by gate.
select gate, asked, held, opens, grant_sql from acl_explain_row('Anna', 'budget', '2', 'read');
-- Users and projects, as Project Authorisations shows them.
select * from acl_matrix('user', 'project') limit 20;
