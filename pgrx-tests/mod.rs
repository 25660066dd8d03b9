//! Tests inside a server process. They run as superuser, so whoever is to be judged is set by [`support`].

mod admin_db_roles;
mod admin_grants;
mod admin_principals;
mod admin_resources;
mod admin_rows;
mod admin_seed;
mod engine;
mod handover;
mod support;
