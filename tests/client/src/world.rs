//! Databases that docacl knows a lot about, and what is asked of them: for tests that carry them elsewhere.

use std::process::Command;

use crate::Session;

/// Runs a program of the server's; its output, or what it said when it failed.
pub fn program(name: &str, arguments: &[&str]) -> String {
    let out = Command::new(name).args(arguments).output().unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(out.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Everything there is a function for: what must be the same afterwards.
pub fn build(superuser: &mut Session) {
    superuser.run(
        "create table documents (id bigint primary key, title text, place bigint, type text, created_by bigint, own_acl bigint);
         select acl_create('location', 'HR'), acl_create('location', 'Board room', parent => 'HR', inherits => true);
         select acl_create('document type', 'Contract', key => 'contract'), acl_create('document type', 'Payslip', key => 'payslip');
         select acl_create_kind('cabinet', true), acl_create_action('shred'), acl_create('cabinet', 'steel');
         select acl_set_kind('location', true), acl_alter_role('Users', name => 'Staff');
         select acl_create_account('Second'), acl_create_role('Readers'), acl_create_role('Bosses');
         select acl_assign('Bosses', 'Readers', valid_until => '2999-01-01');
         select acl_create_user('ann', 'ann@example.org', 'Readers', key => 'a-1'), acl_create_user('bob', 'bob@example.org', 'Staff');
         insert into documents select i, 'doc ' || i, (select id from docacl.resource where name = 'HR'), 'contract' from generate_series(1, 6) i;
         select acl_protect('documents', '{\"location\": \"place\", \"document type\": \"type\"}',
                            '{\"owner\": \"created_by\", \"own_acl\": \"own_acl\", \"columns\": {\"title\": \"rename\"}, \"default\": true}');
         select acl_grant('Readers', 'enter', 'location', 'HR', note => 'a note'), acl_grant('Readers', 'view, shred', 'document type', 'Contract');
         select acl_grant('bob', 'view, edit', 'location', 'HR'), acl_revoke('bob', 'edit', 'location', 'HR');
         select acl_grant_row('bob', 'view', 'documents', '2'), acl_grant('bob', 'view', 'document type', 'Contract');
         select acl_set_row_inherits('documents', '3', false), acl_revoke('bob', 'view', 'location', 'HR');",
    );
}

/// What is kept of accounts besides: not in the released version.
pub fn add_settings(superuser: &mut Session) {
    superuser.run(
        "select acl_create('environment', 'Live'), acl_create('company', 'Acme', 'Live');
         select acl_set_account_option('project_creator', 'all');
         select acl_set_limit('location', 'HR', 'view, shred'), acl_set_limit('cabinet', '*', '');
         select acl_set('environment', 'Live', 'splitter', 'true'), acl_set('company', 'Acme', 'splitter', '{\"limit\": 0.1234567890123456789}')",
    );
}

/// Who may do what with which row.
pub fn answers(superuser: &mut Session) -> Vec<String> {
    superuser.column(
        "select p || ' ' || d.id || ' ' || array_to_string(acl_actions(p, d.id), ',') from documents d, unnest(array['ann', 'bob']) p order by 1",
    )
}

/// Everything that docacl knows and that the text of a dump could hide from a reader of this test.
pub fn knowledge(superuser: &mut Session) -> Vec<String> {
    superuser.column(
        "select 'kind ' || k::text from docacl.kind k union all select 'action ' || a::text from docacl.action a
         union all select 'resource ' || r::text from docacl.resource r union all select 'principal ' || p::text from docacl.principal p
         union all select 'membership ' || m::text from docacl.membership m union all select 'grant ' || g::text from docacl.grants g
         union all select 'role ' || d::text from docacl.db_role d union all select 'table ' || t::text from docacl.protected_table t
         union all select 'event ' || e::text from docacl.event e union all select 'setting ' || s::text from docacl.setting s
         union all select 'option ' || o::text from docacl.account_option o
         union all select 'limit ' || l::text from docacl.resource_limit l
         union all select 'rule ' || a::text from docacl.auto_grant a union all select 'pair ' || p::text from docacl.auto_pair p
         union all select 'profile ' || o::text from docacl.profile_option o order by 1",
    )
}

/// What is wrong with the protection of tables and of docacl's own.
pub fn findings(superuser: &mut Session) -> Vec<String> {
    superuser.column("select concat_ws(' ', severity, object, finding) from acl_check() order by 1")
}
