-- A schema as it is written by hand for Supabase or plain PostgreSQL (tenants, users, tenant_members, row level security with
-- a subquery) and its migration to docacl: docacl beside the old rules first, the two compared for every user and every row, then the switch.
--
--     createdb app && psql -d app -v ON_ERROR_STOP=1 -f examples/tenant_members.sql        (as a superuser; docacl is installed)
--
-- It checks itself: a wrong answer ends it with an error.

\set QUIET on
\set SHOW_CONTEXT never
\pset footer off
set client_min_messages = warning;

--
-- 1. The application as it is. Whoever works is said by a setting; a person may be a member of several tenants, with another
--    role in each.
--
create table users    (id uuid primary key, email text not null unique);
create table tenants  (id uuid primary key, slug text not null unique);
create table tenant_members (
    tenant_id uuid not null references tenants on delete cascade,
    user_id   uuid not null references users on delete cascade,
    role      text not null check (role in ('admin', 'member', 'viewer')),
    primary key (tenant_id, user_id)
);
create table projects (
    id        uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants on delete cascade,
    name      text not null
);
create table documents (
    id         uuid primary key default gen_random_uuid(),
    tenant_id  uuid not null references tenants on delete cascade,
    project_id uuid references projects,
    title      text not null
);
create index on tenant_members (user_id);
create index on projects (tenant_id);
create index on documents (tenant_id);

create function my_tenants(variadic roles text[]) returns setof uuid language sql stable security definer set search_path = public, pg_temp as $$
    select tenant_id from tenant_members where user_id = nullif(current_setting('app.user_id', true), '')::uuid and role = any (roles)
$$;
alter table projects enable row level security;
create policy read   on projects  for select using (tenant_id in (select my_tenants('admin', 'member', 'viewer')));
create policy manage on projects  for all    using (tenant_id in (select my_tenants('admin')));
alter table documents enable row level security;
create policy read   on documents for select using (tenant_id in (select my_tenants('admin', 'member', 'viewer')));
create policy add    on documents for insert with check (tenant_id in (select my_tenants('admin', 'member')));
create policy change on documents for update using (tenant_id in (select my_tenants('admin', 'member')));
create policy remove on documents for delete using (tenant_id in (select my_tenants('admin')));

create role tenant_members_app;
grant select, insert, update, delete on users, tenants, tenant_members, projects, documents to tenant_members_app;

insert into users select ('00000000-0000-0000-0000-00000000000' || n)::uuid, name || '@example.com'
from (values (1, 'ann'), (2, 'bob'), (3, 'cleo'), (4, 'dan'), (5, 'eve')) as v (n, name);
insert into tenants values ('a0000000-0000-0000-0000-000000000000', 'ash'), ('b0000000-0000-0000-0000-000000000000', 'birch'), ('c0000000-0000-0000-0000-000000000000', 'cedar');
-- Ann runs Ash and looks on at Birch, Bob works for both, Cleo runs Birch, Dan looks on at Ash, Eve belongs nowhere. Nobody is in Cedar.
insert into tenant_members
select t.id, u.id, role
from (values ('ash', 'ann', 'admin'), ('birch', 'ann', 'viewer'), ('ash', 'bob', 'member'), ('birch', 'bob', 'member'), ('birch', 'cleo', 'admin'), ('ash', 'dan', 'viewer')) as v (slug, name, role)
join tenants as t using (slug) join users as u on u.email = name || '@example.com';
insert into projects (tenant_id, name) select id, 'Project of ' || slug from tenants;
insert into documents (tenant_id, project_id, title)
select p.tenant_id, case when n > 1 then p.id end, format('%s, document %s', t.slug, n) from projects as p join tenants as t on t.id = p.tenant_id, generate_series(1, 4) as n;

--
-- 2. docacl beside it.
--
-- A tenant becomes an environment. (Not an account: a person belongs to one account, and here to several tenants. Not a
-- company: that lies in an environment, and these have nothing above them.) Names are unique among environments, so the
-- slug is the name; the uuid is the key, so that documents.tenant_id is left as it is.
--
-- A role in a tenant is a role of docacl: "ash admin". The application has no such rows, so it gets a table of them and a
-- column of tenant_members that refers to it; both follow from what is there, and no statement of the application changes.
--
create extension docacl;

create table tenant_roles (
    tenant_id uuid not null references tenants on delete cascade,
    role      text not null,
    slug      text not null,
    key       text primary key generated always as (tenant_id::text || ':' || role) stored,
    name      text not null generated always as (slug || ' ' || role) stored
);
alter table tenant_members add column role_key text generated always as (tenant_id::text || ':' || role) stored;
alter table tenant_members add unique (role_key, user_id);

-- Every new tenant brings its roles, and these hold what the old policies gave them. With its owner's rights: whoever may
-- insert a tenant need not administer docacl.
create function tenant_made() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into tenant_roles (tenant_id, role, slug) select t.id, role, t.slug from new_tenants as t, unnest(array['admin', 'member', 'viewer']) as role;
    perform acl_grant(t.slug || ' ' || v.role, v.actions, 'environment', t.slug)
    from new_tenants as t, (values ('admin', 'change'), ('member', 'view, add, edit'), ('viewer', 'view')) as v (role, actions);
    return null;
end
$$;
-- Triggers of one event fire by their names: docacl_mirror_… has made the environment when tenant_made comes.
create trigger tenant_made after insert on tenants referencing new table as new_tenants for each statement execute function tenant_made();
-- A renamed tenant renames its roles.
create function tenant_renamed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update tenant_roles set slug = new.slug where tenant_id = new.id and slug <> new.slug;
    return null;
end
$$;
create trigger tenant_renamed after update on tenants for each row execute function tenant_renamed();

-- What is there already, then the mirrors, which keep up with every later statement.
insert into tenant_roles (tenant_id, role, slug) select t.id, role, t.slug from tenants as t, unnest(array['admin', 'member', 'viewer']) as role;
select acl_mirror('users', 'user', 'id', 'email', email_column => 'email') as users,
       acl_mirror('tenants', 'environment', 'id', 'slug') as tenants,
       acl_mirror('tenant_roles', 'role', 'key', 'name') as roles,
       acl_mirror_members('tenant_members', 'role_key', 'user_id') as memberships;
do $$ begin
    perform acl_grant(r.name, v.actions, 'environment', t.slug)
    from tenant_roles as r join tenants as t on t.id = r.tenant_id
    join (values ('admin', 'change'), ('member', 'view, add, edit'), ('viewer', 'view')) as v (role, actions) using (role);
    perform acl_trust('tenant_members_app');
end $$;

-- Registered, not enforced: questions are answered, the old policies decide.
select severity, object, finding from acl_protect('documents', '{"environment": "tenant_id"}', '{"default": true, "enforce": false}');

-- The role × tenant table that nobody could look at before.
select * from acl_matrix('role', 'environment') where row_name in (select name from tenant_roles) \crosstabview

--
-- 3. The old rule and docacl, compared: every user, every row, every verb.
--
-- What the old policies let a user do, by doing it; undone afterwards.
create function old_rule(who uuid, verb text) returns uuid[] language plpgsql as $$
declare
    ids uuid[];
begin
    begin
        perform set_config('app.user_id', who::text, true), set_config('role', 'tenant_members_app', true);
        case verb
        when 'read'   then select array_agg(id) into ids from documents;
        when 'write'  then with changed as (update documents set title = title || '!' returning id) select array_agg(id) into ids from changed;
        when 'delete' then with gone as (delete from documents returning id) select array_agg(id) into ids from gone;
        end case;
        raise exception using errcode = 'ZZ999';
    exception when sqlstate 'ZZ999' then null;
    end;
    return coalesce(ids, '{}');
end
$$;
create function old_rule_adds(who uuid, tenant uuid) returns boolean language plpgsql as $$
begin
    begin
        perform set_config('app.user_id', who::text, true), set_config('role', 'tenant_members_app', true);
        insert into documents (tenant_id, title) values (tenant, 'new');
        raise exception using errcode = 'ZZ999';
    exception
        when sqlstate 'ZZ999' then return true;
        when insufficient_privilege then return false;
    end;
end
$$;
create view comparison with (security_invoker) as
select u.email, verb, d.title as what, d.id = any (old.ids) as old, acl_can_row(u.id::text, 'documents', d.id::text, verb) as new
from users as u cross join unnest(array['read', 'write', 'delete']) as verb
cross join lateral (select old_rule(u.id, verb) as ids offset 0) as old cross join documents as d
union all
select u.email, 'add', t.slug, old_rule_adds(u.id, t.id), acl_can_on(u.id::text, 'environment', t.slug, 'add')
from users as u cross join tenants as t;

select verb, count(*) as asked, count(*) filter (where old) as old, count(*) filter (where new) as new, count(*) filter (where old is distinct from new) as differences
from comparison group by verb order by verb;
do $$ begin
    assert (select count(*) from comparison) = 5 * (3 * 12 + 3), 'all users, all rows';
    assert not exists (select from comparison where old is distinct from new), 'the old rule and docacl say the same';
end $$;
-- It would have noticed: without one grant, Dan would have lost the four documents that he may read.
begin;
do $$ begin perform acl_revoke('ash viewer', 'view', 'environment', 'ash'); end $$;
select * from comparison where old is distinct from new order by what;
do $$ begin assert (select count(*) from comparison where old and not new) = 4, 'the comparison notices what is missing'; end $$;
rollback;

-- Shorter, where nobody needs the roles by name: no table of roles, no grants, but a rule for each role. Its grants are as the
-- rows of tenant_members are, for tenants to come as well.
begin;
do $$ begin perform acl_set_grant(r.name, '', 'environment', r.slug) from tenant_roles as r; end $$;
alter table tenant_members
    add column admin_id  uuid generated always as (case when role = 'admin' then user_id end) stored,
    add column member_id uuid generated always as (case when role = 'member' then user_id end) stored,
    add column viewer_id uuid generated always as (case when role = 'viewer' then user_id end) stored;
select acl_auto_grant('tenant_members', 'admin_id', 'environment', 'change', 'tenant_id') as admins,
       acl_auto_grant('tenant_members', 'member_id', 'environment', 'view, add, edit', 'tenant_id') as members,
       acl_auto_grant('tenant_members', 'viewer_id', 'environment', 'view', 'tenant_id') as viewers;
do $$ begin assert not exists (select from comparison where old is distinct from new), 'the same by rules'; end $$;
update tenant_members set role = 'viewer' where role = 'member' and tenant_id = 'b0000000-0000-0000-0000-000000000000';
do $$ begin assert not exists (select from comparison where old is distinct from new), 'and after a change'; end $$;
rollback;

-- While both stand, whatever the application writes goes on by the old rules, and docacl follows.
begin;
set local role tenant_members_app;
set local app.user_id = '00000000-0000-0000-0000-000000000001';
update tenant_members set role = 'member' where tenant_id = 'a0000000-0000-0000-0000-000000000000' and user_id = '00000000-0000-0000-0000-000000000004';
insert into tenants values ('d0000000-0000-0000-0000-000000000000', 'dogwood');
insert into tenant_members values ('d0000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000005', 'admin');
insert into documents (tenant_id, title) values ('a0000000-0000-0000-0000-000000000000', 'ash, document 5');
reset role;
do $$ begin
    assert acl_can_on('dan@example.com', 'environment', 'ash', 'write') and acl_can_on('eve@example.com', 'environment', 'dogwood', 'delete'), 'docacl has followed';
    assert not acl_can_on('dan@example.com', 'environment', 'dogwood', 'read') and not acl_can_on('eve@example.com', 'environment', 'ash', 'read'), 'and gives nothing else';
    assert not exists (select from comparison where old is distinct from new), 'the same still';
end $$;
rollback;

--
-- 4. The switch: the old policies go, docacl judges, in one transaction.
--
create table seen_before as select email, verb, what from comparison where old;
begin;
drop policy read on documents;
drop policy add on documents;
drop policy change on documents;
drop policy remove on documents;
select acl_enforce('documents', true);
commit;
do $$ begin assert not exists (select from acl_check('documents') where severity in ('error', 'warning')), 'nothing leads around it'; end $$;

-- The application says who works as before, by another call: at the start of each transaction.
create function new_rule(who uuid, verb text) returns uuid[] language plpgsql as $$
declare
    ids uuid[];
begin
    begin
        perform set_config('role', 'tenant_members_app', true);
        perform acl_set_user(who::text);
        case verb
        when 'read'   then select array_agg(id) into ids from documents;
        when 'write'  then with changed as (update documents set title = title || '!' returning id) select array_agg(id) into ids from changed;
        when 'delete' then with gone as (delete from documents returning id) select array_agg(id) into ids from gone;
        end case;
        raise exception using errcode = 'ZZ999';
    exception when sqlstate 'ZZ999' then null;
    end;
    return coalesce(ids, '{}');
end
$$;
select u.email, verb, count(*) filter (where d.id = any (new.ids)) as rows
from users as u cross join unnest(array['read', 'write', 'delete']) as verb
cross join lateral (select new_rule(u.id, verb) as ids offset 0) as new cross join documents as d
group by u.email, verb order by u.email, verb \crosstabview email verb rows
do $$
declare
    now_seen text[];
begin
    select array_agg(concat_ws(' ', u.email, verb, d.title) order by u.email, verb, d.title) into now_seen
    from users as u cross join unnest(array['read', 'write', 'delete']) as verb
    cross join lateral (select new_rule(u.id, verb) as ids offset 0) as new join documents as d on d.id = any (new.ids);
    assert now_seen = (select array_agg(concat_ws(' ', email, verb, what) order by email, verb, what) from seen_before where verb <> 'add'), 'the same rows as before';
end $$;
-- Nobody, and the old setting alone, see nothing now.
begin;
set local role tenant_members_app;
set local app.user_id = '00000000-0000-0000-0000-000000000001';
do $$ begin assert (select count(*) from documents) = 0, 'who does not say who he is sees nothing'; end $$;
rollback;
-- A refused row says why.
begin;
set local role tenant_members_app;
do $$ begin
    perform acl_set_user('dan@example.com');
    begin
        insert into documents (tenant_id, title) values ('a0000000-0000-0000-0000-000000000000', 'by a viewer');
        raise exception 'a viewer has added a document';
    exception when insufficient_privilege then raise notice '%', sqlerrm;
    end;
end $$;
rollback;

--
-- 5. What there is now besides: why not, who, and for how long.
--
select id as doc from documents where title = 'birch, document 1' \gset
select gate, resource, held, opens, grant_sql from acl_explain_row('eve@example.com', 'documents', :'doc', 'read');
select principal, through from acl_who_row('documents', :'doc', 'write') where kind = 'user';
-- Eve looks on at Birch for an hour: no row of the application, a role for a time.
do $$ begin perform acl_assign('birch viewer', 'eve@example.com', valid_until => now() + interval '1 hour'); end $$;
do $$ begin
    assert cardinality(new_rule('00000000-0000-0000-0000-000000000005', 'read')) = 4 and cardinality(new_rule('00000000-0000-0000-0000-000000000005', 'write')) = 0, 'she reads four';
end $$;
-- Somebody leaves a tenant: the next statement knows.
delete from tenant_members where user_id = '00000000-0000-0000-0000-000000000002' and tenant_id = 'b0000000-0000-0000-0000-000000000000';
do $$ begin assert cardinality(new_rule('00000000-0000-0000-0000-000000000002', 'read')) = 4, 'Bob has Ash left'; end $$;
-- And the way back, should it be needed: docacl gives the table back without rules of its own, so the old ones go in first.
begin;
create policy read on documents for select using (tenant_id in (select my_tenants('admin', 'member', 'viewer')));
set local client_min_messages = error;
select acl_enforce('documents', false);
do $$ begin assert cardinality(old_rule('00000000-0000-0000-0000-000000000004', 'read')) = 4, 'as it was'; end $$;
rollback;
