//! The rows of docacl's tables as Rust values, each read by one index scan under a given snapshot.
//!
//! Positions of columns are those of sql/tables.sql; `pgrx-tests/engine.rs` compares them with the catalogue.

use pgrx::IntoDatum;
use pgrx::pg_sys::Oid;

use crate::error::{Result, internal};
use crate::scan::{self, Access, Eq, Snap, Tuple};

/// The id of the principal `system` (a CHECK constraint holds it).
pub const SYSTEM: i64 = 1;

/// A moment or a boundary of a period, in PostgreSQL's microseconds.
pub type Moment = i64;

/// What sort of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A user.
    User,
    /// A role.
    Role,
    /// An API key.
    ApiKey,
    /// `system`.
    System,
}

/// A row of docacl.principal.
#[derive(Debug, Clone)]
pub struct Principal {
    pub id: i64,
    /// None for `system` only.
    pub account: Option<i64>,
    pub kind: PrincipalKind,
    pub name: String,
    pub key: Option<String>,
    pub enabled: bool,
    pub read_only: bool,
    pub valid_until: Option<Moment>,
    /// A role made for approving: its members get tasks.
    pub approves: bool,
    /// `system`, `administrators`, `users` or `everyone`.
    pub built_in: Option<String>,
    pub environment: Option<i64>,
}

/// A row of docacl.resource.
#[derive(Debug, Clone)]
pub struct Resource {
    pub id: i64,
    pub account: i64,
    pub kind: String,
    pub parent: Option<i64>,
    pub inherits: bool,
    /// The `*` of its kind and account.
    pub is_star: bool,
    pub name: String,
    pub key: Option<String>,
    /// The table of the row whose own list this is.
    pub relation: Option<Oid>,
    pub row_key: Option<String>,
}

/// A live row of docacl.membership.
#[derive(Debug, Clone, Copy)]
pub struct Membership {
    pub role: i64,
    pub member: i64,
    pub valid_from: Option<Moment>,
    pub valid_until: Option<Moment>,
}

/// A live row of docacl.grants.
#[derive(Debug, Clone)]
pub struct Grant {
    pub id: i64,
    pub principal: i64,
    pub resource: i64,
    pub actions: u64,
    pub valid_from: Option<Moment>,
    pub valid_until: Option<Moment>,
    pub source: String,
    /// The resource is a row's own list.
    pub on_row: bool,
}

/// A row of docacl.db_role.
#[derive(Debug, Clone, Copy)]
pub struct DbRole {
    /// The principal that the database role is; none: a trusted role.
    pub principal: Option<i64>,
}

/// A row of docacl.kind.
#[derive(Debug, Clone)]
pub struct Kind {
    pub name: String,
    pub gate: Option<String>,
    pub rank: i16,
    pub inherits: bool,
    pub has_star: bool,
}

/// A row of docacl.protected_table.
pub struct ProtectedTable {
    pub relation: Oid,
    pub spec: pgrx::JsonB,
    pub is_default: bool,
    /// Whether it has docacl's policies and triggers, or is registered only.
    pub enforced: bool,
}

/// A row of docacl.token_key.
pub struct TokenKeyRow {
    pub kid: String,
    pub algorithm: String,
    pub key: String,
    pub number: i64,
}

/// A row of docacl.mirror.
pub struct Mirror {
    pub kind: String,
    /// None: a column says it.
    pub account: Option<i64>,
    /// Which column is the key, name, parent and so on.
    pub columns: serde_json::Value,
}

impl Mirror {
    /// The column that is the key, the name, the parent or the account.
    pub fn column(&self, what: &str) -> Option<&str> {
        self.columns.get(what)?.as_str()
    }
}

/// A row of docacl.api_key.
pub struct ApiKeyRow {
    pub principal: i64,
    pub hash: Vec<u8>,
}

fn read_principal(t: &Tuple) -> Result<Option<Principal>> {
    let kind: String = t.must(3)?;
    Ok(Some(Principal {
        id: t.must(1)?,
        account: t.get(2),
        kind: match kind.as_str() {
            "user" => PrincipalKind::User,
            "role" => PrincipalKind::Role,
            "api_key" => PrincipalKind::ApiKey,
            "system" => PrincipalKind::System,
            _ => return Err(internal("unknown kind of principal")),
        },
        name: t.must(4)?,
        key: t.get(6),
        enabled: t.must(7)?,
        read_only: t.must(8)?,
        valid_until: moment(t, 9),
        approves: t.get::<String>(10).is_some_and(|purpose| purpose == "approval"),
        built_in: t.get(12),
        environment: t.get(13),
    }))
}

fn read_resource(t: &Tuple) -> Result<Option<Resource>> {
    Ok(Some(Resource {
        id: t.must(1)?,
        account: t.must(2)?,
        kind: t.must(3)?,
        parent: t.get(4),
        inherits: t.must(5)?,
        is_star: t.must(6)?,
        name: t.must(7)?,
        key: t.get(8),
        relation: t.get(9),
        row_key: t.get(10),
    }))
}

fn read_kind(t: &Tuple) -> Result<Option<Kind>> {
    Ok(Some(Kind { name: t.must(1)?, gate: t.get(2), rank: t.must(3)?, inherits: t.must(4)?, has_star: t.must(5)? }))
}

/// A timestamptz as microseconds. The infinities are the ends of the range: they compare as they should.
fn moment(t: &Tuple, attno: i16) -> Option<Moment> {
    t.get::<pgrx::pg_sys::Datum>(attno).map(|d| d.value() as i64)
}

/// A principal by id.
pub fn principal(id: i64, snap: &Snap) -> Result<Option<Principal>> {
    scan::first(access("principal", "principal_pkey"), &[Eq::int8(1, id)], snap, read_principal)
}

/// A principal by its name in an account.
pub fn principal_named(account: i64, name: &str, snap: &Snap) -> Result<Option<Principal>> {
    scan::first(
        access("principal", "principal_name"),
        &[Eq::int8(2, account), Eq::text(4, name)?],
        snap,
        read_principal,
    )
}

/// A principal by its e-mail, in whatever case.
pub fn principal_with_email(email: &str, snap: &Snap) -> Result<Option<Principal>> {
    let folded = fold(email)?;
    scan::first(access("principal", "principal_email"), &[Eq::text(16, &folded)?], snap, read_principal)
}

/// As the column email_folded is made: by the server's lower(), whose idea of letters Rust's need not be.
fn fold(email: &str) -> Result<String> {
    let text = email.into_datum().ok_or_else(|| internal("no datum for a text"))?;
    // SAFETY: lower(text) with the database's collation gives a text.
    unsafe {
        let lower = pgrx::pg_sys::OidFunctionCall1Coll(
            Oid::from(pgrx::pg_sys::F_LOWER_TEXT),
            pgrx::pg_sys::DEFAULT_COLLATION_OID,
            text,
        );
        <String as pgrx::FromDatum>::from_datum(lower, false)
    }
    .ok_or_else(|| internal("no lower-case form"))
}

/// A principal by the application's key.
pub fn principal_with_key(key: &str, snap: &Snap) -> Result<Option<Principal>> {
    scan::first(access("principal", "principal_key"), &[Eq::text(6, key)?], snap, read_principal)
}

/// A role that was made with the account: `administrators`, `users` or `everyone`.
pub fn built_in_role(account: i64, built_in: &str, snap: &Snap) -> Result<Option<Principal>> {
    scan::first(
        access("principal", "principal_built_in"),
        &[Eq::int8(2, account), Eq::text(12, built_in)?],
        snap,
        read_principal,
    )
}

/// A resource by id.
pub fn resource(id: i64, snap: &Snap) -> Result<Option<Resource>> {
    scan::first(access("resource", "resource_pkey"), &[Eq::int8(1, id)], snap, read_resource)
}

/// The resources of this kind and name in an account, the `*` included; for kind account use [`account_named`].
pub fn resources_named(account: i64, kind: &str, name: &str, snap: &Snap) -> Result<Vec<Resource>> {
    let keys = [Eq::int8(2, account), Eq::text(3, kind)?, Eq::text(7, name)?];
    all(access("resource", "resource_by_name"), &keys, snap, read_resource)
}

/// The resource of this kind and name right below a parent, or at the top; not for kinds account and document.
pub fn child_named(account: i64, kind: &str, parent: Option<i64>, name: &str, snap: &Snap) -> Result<Option<Resource>> {
    if scan::without_indexes() {
        return Ok(resources_named(account, kind, name, snap)?.into_iter().find(|r| r.parent == parent));
    }
    let keys = [Eq::int8(2, account), Eq::text(3, kind)?, Eq::int8_or_null(4, parent), Eq::text(7, name)?];
    scan::first(access("resource", "resource_name"), &keys, snap, read_resource)
}

/// The `*` of a kind in an account.
pub fn star(account: i64, kind: &str, snap: &Snap) -> Result<Option<Resource>> {
    Ok(resources_named(account, kind, "*", snap)?.into_iter().find(|r| r.is_star))
}

/// An account by name.
pub fn account_named(name: &str, snap: &Snap) -> Result<Option<Resource>> {
    scan::first(access("resource", "resource_account_name"), &[Eq::text(7, name)?], snap, |t| {
        Ok(read_resource(t)?.filter(|r| r.kind == "account"))
    })
}

/// A resource by the application's key.
pub fn resource_with_key(kind: &str, key: &str, snap: &Snap) -> Result<Option<Resource>> {
    scan::first(access("resource", "resource_key"), &[Eq::text(3, kind)?, Eq::text(8, key)?], snap, read_resource)
}

/// Whether anything has this parent, rows' own lists included, of which a location may have a million.
pub fn is_parent(parent: i64, snap: &Snap) -> Result<bool> {
    Ok(scan::first(access("resource", "resource_parent"), &[Eq::int8(4, parent)], snap, |_| Ok(Some(())))?.is_some())
}

/// Calls `each` for the resources of these ids.
pub fn resources_of(ids: &[i64], snap: &Snap, each: impl FnMut(Resource)) -> Result<()> {
    some(access("resource", "resource_pkey"), 1, ids, snap, each)
}

/// Calls `each` for the resources whose parent is one of these, without rows' own lists.
pub fn resources_below(parents: &[i64], snap: &Snap, each: impl FnMut(Resource)) -> Result<()> {
    some(access("resource", "resource_below"), 4, parents, snap, each)
}

fn some(access: Access, attno: i16, values: &[i64], snap: &Snap, mut each: impl FnMut(Resource)) -> Result<()> {
    scan::each_of(access, attno, values, snap, |t| {
        if let Some(resource) = read_resource(t)?.filter(|r| r.kind != "document") {
            each(resource);
        }
        Ok(true)
    })
}

/// Calls `each` for every resource of a kind in an account, the `*` included.
pub fn of_kind(account: i64, kind: &str, snap: &Snap, mut each: impl FnMut(Resource)) -> Result<()> {
    let keys = [Eq::int8(2, account), Eq::text(3, kind)?];
    scan::each(access("resource", "resource_by_name"), &keys, snap, |t| {
        if let Some(resource) = read_resource(t)?.filter(|r| r.kind != "document") {
            each(resource);
        }
        Ok(true)
    })
}

/// Calls `each` for every row's own list of an account.
pub fn lists_of(account: i64, snap: &Snap, each: &mut impl FnMut(i64)) -> Result<()> {
    scan::each(access("resource", "resource_row"), &[], snap, |t| {
        if let Some(list) = read_resource(t)?.filter(|r| r.account == account && r.kind == "document") {
            each(list.id);
        }
        Ok(true)
    })
}

/// The memberships of a member that were not taken away.
pub fn memberships_of(member: i64, snap: &Snap) -> Result<Vec<Membership>> {
    all(access("membership", "membership_member"), &[Eq::int8(4, member)], snap, read_membership)
}

/// The memberships in a role that were not taken away.
pub fn members_of(role: i64, snap: &Snap) -> Result<Vec<Membership>> {
    all(access("membership", "membership_role"), &[Eq::int8(3, role)], snap, read_membership)
}

/// The grants of a principal that were not revoked.
pub fn grants_of(principal: i64, snap: &Snap, mut each: impl FnMut(Grant)) -> Result<()> {
    scan::each(access("grants", "grants_principal"), &[Eq::int8(3, principal)], snap, |t| {
        if let Some(grant) = read_grant(t)? {
            each(grant);
        }
        Ok(true)
    })
}

/// The actions of administration, as the predicate of an index in sql/scale.sql has them.
const ADMINISTRATION: u64 = 1_095_216_660_480;
const _: () = assert!(ADMINISTRATION == docacl_core::Actions::ADMINISTRATION.bits(), "the index has to be another");

/// The grants of a principal that were not revoked, as far as they give actions of administration: few, however many
/// there are.
pub fn administration_of(principal: i64, snap: &Snap, mut each: impl FnMut(Grant)) -> Result<()> {
    scan::each(access("grants", "grants_administration"), &[Eq::int8(3, principal)], snap, |t| {
        if let Some(grant) = read_grant(t)?.filter(|g| g.actions & ADMINISTRATION != 0) {
            each(grant);
        }
        Ok(true)
    })
}

/// The resources on which a principal was ever granted something, one for each grant, revoked ones included.
pub fn resources_granted(principal: i64, snap: &Snap) -> Result<Vec<i64>> {
    all(access("grants", "grants_history"), &[Eq::int8(3, principal)], snap, |t| t.must(4).map(Some))
}

/// The grants on a resource that were not revoked.
pub fn grants_on(resource: i64, snap: &Snap) -> Result<Vec<Grant>> {
    all(access("grants", "grants_resource"), &[Eq::int8(4, resource)], snap, read_grant)
}

/// The grants of a principal on a resource that were not revoked.
pub fn grants_between(principal: i64, resource: i64, snap: &Snap) -> Result<Vec<Grant>> {
    all(access("grants", "grants_pair"), &[Eq::int8(3, principal), Eq::int8(4, resource)], snap, read_grant)
}

/// The principals of an account.
pub fn principals_of(account: i64, snap: &Snap) -> Result<Vec<Principal>> {
    all(access("principal", "principal_name"), &[Eq::int8(2, account)], snap, read_principal)
}

/// The setting of this name that a resource has itself.
pub fn setting(resource: i64, name: &str, snap: &Snap) -> Result<Option<crate::jsonb::Jsonb>> {
    let keys = [Eq::int8(2, resource), Eq::text(3, name)?];
    scan::first(access("setting", "setting_pkey"), &keys, snap, |t| t.must(4).map(Some))
}

/// The resources of an account that have a limit, with it. None where the extension is of a release without limits.
pub fn limits_of(account: i64, snap: &Snap) -> Result<Vec<(i64, u64)>> {
    if scan::oid("resource_limit").is_none() {
        return Ok(vec![]);
    }
    all(access("resource_limit", "resource_limit_account"), &[Eq::int8(2, account)], snap, |t| {
        let actions: i64 = t.must(3)?;
        Ok(Some((t.must(1)?, actions as u64)))
    })
}

/// What was chosen for an option of an account.
pub fn account_option(account: i64, name: &str, snap: &Snap) -> Result<Option<String>> {
    let keys = [Eq::int8(1, account), Eq::text(2, name)?];
    scan::first(access("account_option", "account_option_pkey"), &keys, snap, |t| t.must(3).map(Some))
}

/// All keys for tokens.
pub fn token_keys(snap: &Snap) -> Result<Vec<TokenKeyRow>> {
    all(access("token_key", "token_key_pkey"), &[], snap, |t| {
        Ok(Some(TokenKeyRow { kid: t.must(1)?, algorithm: t.must(2)?, key: t.must(3)?, number: t.must(4)? }))
    })
}

/// The API key that begins so.
pub fn api_key(prefix: &str, snap: &Snap) -> Result<Option<ApiKeyRow>> {
    scan::first(access("api_key", "api_key_prefix"), &[Eq::text(2, prefix)?], snap, |t| {
        Ok(Some(ApiKeyRow { principal: t.must(1)?, hash: t.must(3)? }))
    })
}

/// When an API key was used last, as far as that is written down.
pub fn api_key_use(principal: i64, snap: &Snap) -> Result<Option<Moment>> {
    scan::first(access("api_key_use", "api_key_use_pkey"), &[Eq::int8(1, principal)], snap, |t| Ok(moment(t, 2)))
}

/// A secret of the installation.
pub fn secret(name: &str, snap: &Snap) -> Result<Option<Vec<u8>>> {
    scan::first(access("secret", "secret_pkey"), &[Eq::text(1, name)?], snap, |t| t.must(2).map(Some))
}

/// What a database role is.
pub fn db_role(role: Oid, snap: &Snap) -> Result<Option<DbRole>> {
    scan::first(access("db_role", "db_role_pkey"), &[Eq::oid(1, role)], snap, |t| {
        Ok(Some(DbRole { principal: t.get(3) }))
    })
}

/// A kind by name.
pub fn kind(name: &str, snap: &Snap) -> Result<Option<Kind>> {
    scan::first(access("kind", "kind_pkey"), &[Eq::text(1, name)?], snap, read_kind)
}

/// All kinds.
pub fn kinds(snap: &Snap) -> Result<Vec<Kind>> {
    all(access("kind", "kind_pkey"), &[], snap, read_kind)
}

/// The actions that a DBA added.
pub fn custom_actions(snap: &Snap) -> Result<Vec<docacl_core::action::CustomAction>> {
    all(access("action", "action_pkey"), &[], snap, |t| {
        let bit: i16 = t.must(1)?;
        let built_in: bool = t.must(3)?;
        if built_in {
            return Ok(None);
        }
        let action = docacl_core::Actions::from_bits_retain(1u64 << (bit as u32 & 63));
        Ok(Some(docacl_core::action::CustomAction { name: t.must(2)?, action }))
    })
}

/// A protected table.
pub fn protected_table(relation: Oid, snap: &Snap) -> Result<Option<ProtectedTable>> {
    scan::first(access("protected_table", "protected_table_pkey"), &[Eq::oid(1, relation)], snap, read_protected)
}

/// All protected tables.
pub fn protected_tables(snap: &Snap) -> Result<Vec<ProtectedTable>> {
    all(access("protected_table", "protected_table_pkey"), &[], snap, read_protected)
}

/// The kinds of which a table's rows are mirrored. None where docacl's objects are older than mirrors.
pub fn mirrors_of(relation: Oid, snap: &Snap) -> Result<Vec<Mirror>> {
    if scan::oid("mirror").is_none() {
        return Ok(vec![]);
    }
    all(access("mirror", "mirror_pkey"), &[Eq::oid(1, relation)], snap, |t| {
        let pgrx::JsonB(columns) = t.must(4)?;
        Ok(Some(Mirror { kind: t.must(2)?, account: t.get(3), columns }))
    })
}

/// A stamp's value, which is that of all its parts together; none where it was never touched.
pub fn stamp(kind: i16, id: i64, snap: &Snap) -> Result<Option<[u8; 16]>> {
    let mut all: Option<[u8; 16]> = None;
    scan::each(access("stamp", "stamp_pkey"), &[Eq::int2(1, kind), Eq::int8(2, id)], snap, |t| {
        let part = *t.must::<pgrx::Uuid>(3)?.as_bytes();
        let sum = all.get_or_insert([0; 16]);
        sum.iter_mut().zip(part).for_each(|(byte, more)| *byte ^= more);
        Ok(true)
    })?;
    Ok(all)
}

fn read_protected(t: &Tuple) -> Result<Option<ProtectedTable>> {
    // The objects of 0.1.0 have no such column: there every table is enforced.
    let enforced = t.get(7).unwrap_or(true);
    Ok(Some(ProtectedTable { relation: t.must(1)?, spec: t.must(2)?, is_default: t.must(3)?, enforced }))
}

fn read_membership(t: &Tuple) -> Result<Option<Membership>> {
    if moment(t, 11).is_some() {
        return Ok(None);
    }
    Ok(Some(Membership { role: t.must(3)?, member: t.must(4)?, valid_from: moment(t, 5), valid_until: moment(t, 6) }))
}

fn read_grant(t: &Tuple) -> Result<Option<Grant>> {
    if moment(t, 13).is_some() {
        return Ok(None);
    }
    let actions: i64 = t.must(5)?;
    Ok(Some(Grant {
        id: t.must(1)?,
        principal: t.must(3)?,
        resource: t.must(4)?,
        actions: actions as u64,
        valid_from: moment(t, 6),
        valid_until: moment(t, 7),
        source: t.must(8)?,
        on_row: t.must(14)?,
    }))
}

const fn access(table: &'static str, index: &'static str) -> Access {
    Access { table, index }
}

fn all<T>(
    access: Access,
    keys: &[Eq],
    snap: &Snap,
    mut read: impl FnMut(&Tuple) -> Result<Option<T>>,
) -> Result<Vec<T>> {
    let mut out = Vec::new();
    scan::each(access, keys, snap, |tuple| {
        out.extend(read(tuple)?);
        Ok(true)
    })?;
    Ok(out)
}
