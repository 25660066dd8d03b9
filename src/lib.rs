//! docacl: document access control inside PostgreSQL.
//!
//! This file is the map.
//!
//! | module | concern |
//! |---|---|
//! | [`error`] | every error with its SQLSTATE and hint |
//! | [`scan`], [`facts`], [`lookup`] | reading docacl's tables under a given snapshot |
//! | [`descriptor`] | the columns of a relation, for every major of PostgreSQL |
//! | [`identity`] | who is asking; the settings |
//! | [`login`] | tokens, API keys, and the function that a session has entered |
//! | [`nodes`], [`memo`], [`ring`], [`freshness`] | what a principal holds, and whether that is still so |
//! | [`limits`] | the most that anybody may do under a resource |
//! | [`handover`], [`flat`] | what parallel workers take over of it from their leader |
//! | [`planner`], [`open`] | what the planner is told of the check: selectivity, index conditions |
//! | [`value`], [`shape`], [`bound`], [`check`] | the decision about a row, and what policies call |
//! | [`parent`] | the same for a row that another table's row decides |
//! | [`protect`], [`trigger`] | protecting tables: policies, and judging what row security cannot see |
//! | [`search`] | which operators of search may come before a policy |
//! | [`decide`], [`ask`] | questions, and who is asking |
//! | [`may`] | the question about a row at hand, which the planner turns into a policy's check |
//! | [`admin`] | the functions of SQL that set docacl up and grant |
//! | [`visible`] | what a user may see of docacl's own tables |
//! | [`made`] | rows that are resources themselves, as the running statement made them |
//! | [`mirror`] | tables of the application that are kept as resources, principals and memberships |
//! | [`rules`] | grants that follow a table of the application, and the profile options that switch them |
//! | [`work`] | queues, approval tasks, forms |
//! | [`owner`] | acting as the extension's owner |

// Errors end the statement: their size costs nothing that matters, and boxing them would only hide them.
#![allow(clippy::result_large_err)]

use pgrx::prelude::*;

mod admin;
mod ask;
mod bound;
mod change;
mod check;
mod decide;
mod descriptor;
mod digests;
mod error;
mod facts;
mod flat;
mod freshness;
mod handover;
mod hash;
mod identity;
mod jsonb;
mod limits;
mod login;
mod lookup;
mod made;
mod may;
mod memo;
mod mirror;
mod nodes;
mod open;
mod owner;
mod parent;
mod planner;
mod protect;
mod regclass;
mod ring;
mod rules;
mod scan;
mod search;
mod shape;
mod trigger;
mod value;
mod visible;
mod work;

::pgrx::pg_module_magic!(name, version);

extension_sql_file!("../sql/tables.sql", name = "tables", bootstrap);
extension_sql_file!("../sql/stamps.sql", name = "stamps", requires = ["tables"]);
extension_sql_file!("../sql/changes.sql", name = "changes", requires = ["stamps"]);
extension_sql_file!("../sql/creations.sql", name = "creations", requires = ["changes"]);
extension_sql_file!("../sql/references.sql", name = "references", requires = ["changes"]);
extension_sql_file!("../sql/seed.sql", name = "seed", requires = ["references"]);
extension_sql_file!("../sql/main.sql", name = "main", requires = ["seed", admin::account::acl_create_account]);
extension_sql_file!("../sql/check.sql", name = "check", requires = ["tables"]);
extension_sql_file!("../sql/planner.sql", name = "planner", requires = ["check"]);
extension_sql_file!("../sql/parents.sql", name = "parents", requires = ["check"]);
extension_sql_file!("../sql/events.sql", name = "events", requires = ["check"]);
extension_sql_file!("../sql/ddl_events.sql", name = "ddl_events", requires = ["events"]);
extension_sql_file!("../sql/dump.sql", name = "dump", requires = ["main"]);
extension_sql_file!("../sql/limits.sql", name = "limits", requires = ["references"]);
extension_sql_file!("../sql/visibility.sql", name = "visibility", requires = ["dump", "events", "limits"]);
extension_sql_file!("../sql/settings.sql", name = "settings", requires = ["visibility"]);
extension_sql_file!("../sql/outbox.sql", name = "outbox", requires = ["visibility"]);
extension_sql_file!("../sql/mirror.sql", name = "mirror", requires = ["settings", ask::session::acl_user_id]);
extension_sql_file!(
    "../sql/auto_grant.sql",
    name = "auto_grant",
    requires = ["mirror", "settings", ask::session::acl_user_id]
);
extension_sql_file!("../sql/mirror_check.sql", name = "mirror_check", requires = ["mirror"]);
extension_sql_file!("../sql/places.sql", name = "places", requires = ["mirror"]);
extension_sql_file!("../sql/work.sql", name = "work", requires = ["visibility", ask::session::acl_user_id]);
extension_sql_file!("../sql/tokens.sql", name = "tokens", requires = ["visibility"]);
extension_sql_file!("../sql/partitions.sql", name = "partitions", requires = ["tables"]);
extension_sql_file!("../sql/enforce.sql", name = "enforce", requires = ["partitions"]);
extension_sql_file!("../sql/partition_events.sql", name = "partition_events", requires = ["partitions"]);
extension_sql_file!("../sql/may.sql", name = "may", requires = ["parents"]);
extension_sql_file!("../sql/search.sql", name = "search", requires = ["tables"]);
extension_sql_file!("../sql/scale.sql", name = "scale", requires = ["work"]);
extension_sql_file!("../sql/comments.sql", name = "comments", finalize);

/// Called when the library is loaded.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    identity::register_settings();
}

/// The tests that run inside a server process.
#[cfg(any(test, feature = "pg_test"))]
#[path = "../pgrx-tests/mod.rs"]
mod in_backend;

/// What `cargo pgrx test` expects to find.
#[cfg(test)]
pub mod pg_test {
    /// Called before the tests.
    pub fn setup(_options: Vec<&str>) {}

    /// Settings of the server that the tests need.
    #[must_use]
    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec![]
    }
}
