//! Search under the policies: `acl_trust_search`.
//!
//! PostgreSQL calls a function of the user's query before the policy, and so lets it use an index, only where the function
//! is LEAKPROOF: it may raise nothing that depends on what it is shown. Of the functions behind the operators of search,
//! PostgreSQL 15 to 18 ships none as leakproof. What each can raise, from the source, besides what every leakproof
//! function can (a damaged value, a cancelled query, memory at its end):
//!
//! | function | can raise | so |
//! |---|---|---|
//! | `ts_match_vq`, `ts_match_qv` (`@@`) | nothing: `TS_execute` walks the query over the lexemes | leakproof |
//! | `jsonb_contains`, `…contained` (`@>`, `<@`) | nothing: `JsonbDeepContains`, which compares strings as bytes and numbers as numeric | leakproof |
//! | `jsonb_exists`, `…any`, `…all` (`?`, `?\|`, `?&`) | nothing: keys are compared as bytes | leakproof |
//! | `similarity_op`, `word_…`, `strict_word_…` of pg_trgm | "out of memory" for a text of a hundred megabytes and more | leakproof |
//! | `textlike`, `texticlike` (LIKE, ILIKE) | 22025 for a pattern that ends in its escape character, **once the text has matched so far**: `LIKE 'a\'` would tell first letters. Collations that are not known, or not deterministic | conditional |
//! | `textregexeq`, `texticregexeq` (`~`, `~*`) | an invalid pattern, once there is a row at all. Back references match by trying: their time, and whether `statement_timeout` strikes, tells the text. Look-around likewise | conditional |
//! | `arrayoverlap`, `arraycontains`, `arraycontained` (`&&`, `@>`, `<@`) | what `=` of the elements raises: of composite types, that a field's type has none, once the fields before are equal | conditional |
//!
//! *Conditional* functions are not marked: the mark would count for every pattern and type. They get the planner's support
//! function in [`support`], which puts a leakproof stand-in ([`stand_in`]) under the same operator in those calls that
//! [`safe`] has proved: a constant, well-formed pattern; elements whose `=` raises nothing. All other calls stay what they
//! were, and wait for the policy. ILIKE above 256 MB of text raises "out of memory"; that is taken.
//!
//! Left out, as indefensible:
//! - `to_tsvector` and text `@@` text: a NOTICE for long words, an error for long texts. Keep a generated tsvector column.
//! - jsonb `@?` and `@@` (jsonpath): casts and dates inside a path raise errors in spite of "silent". Use `@>`.
//! - `lower()` and other functions over a column: an index on `lower(x)` is not used. Use ILIKE with pg_trgm.
//! - `NOT LIKE`, `!~`, LIKE of name and character(n), LIKE ANY (…): no index would be used anyway, or hardly ever.
//! - every other extension: nobody has read it.
//!
//! Measured (release build, 200,000 rows, GIN, a user who sees 0.5 % of them, interleaved, the best of 25): `@@` 0.99 to 1.17
//! times, ILIKE 0.97 to 1.07 times the same query without row security and its predicate written out.
//!
//! What remains is what leakproof always costs (SECURITY.md, N8, N10): the index finds rows that the policy then
//! takes out, so that the counts of EXPLAIN ANALYZE, those of pg_stat_xact_all_tables, and time tell how many there were.
//! `@@`, jsonb and LIKE recurse as deep as the *query* nests, and only as long as a row matches: a session that fills its
//! stack on purpose learns from 54001 what the counts tell it anyway.

mod safe;
mod stand_in;
mod support;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::admin::asker::Asker;
use crate::admin::write;
use crate::error::{self, Result};
use crate::owner::AsOwner;
use crate::protect::spi;

/// A function that is leakproof in some calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conditional {
    Like,
    ILike,
    Regex,
    IRegex,
    Overlap,
    Contains,
    Contained,
}

/// Remembers what is about to change. A mark that was lost, by a restore say, is remembered anew; what is ours already
/// is not taken for what was there before.
const REMEMBER: &str = "INSERT INTO docacl.trusted_search AS t (origin, function, leakproof, cost, support) \
    SELECT s.origin, s.function, p.proleakproof, p.procost, \
           CASE WHEN p.prosupport = 'docacl.search_support'::regproc THEN '-' ELSE p.prosupport::oid::regproc::text END \
    FROM docacl.searchable AS s JOIN pg_catalog.pg_proc AS p ON p.oid = s.proc WHERE NOT s.trusted \
    ON CONFLICT (origin, function) DO UPDATE SET leakproof = t.leakproof AND excluded.leakproof, \
        cost = CASE excluded.cost WHEN 10 THEN t.cost ELSE excluded.cost END, \
        support = CASE excluded.support WHEN '-' THEN t.support ELSE excluded.support END";

const TRUST: &str = "SELECT CASE WHEN s.wrapper IS NULL \
        THEN pg_catalog.format('ALTER FUNCTION %s LEAKPROOF COST %s', s.proc, greatest(p.procost, 10)) \
        ELSE pg_catalog.format('ALTER FUNCTION %s SUPPORT docacl.search_support; GRANT EXECUTE ON FUNCTION %s TO PUBLIC', s.proc, s.wrapper) END \
    FROM docacl.searchable AS s JOIN pg_catalog.pg_proc AS p ON p.oid = s.proc WHERE NOT s.trusted";

/// There is no DDL that takes a support function away, so where there was none the catalogue is written.
const DISTRUST: &str = "SELECT CASE WHEN s.wrapper IS NULL \
        THEN pg_catalog.format('ALTER FUNCTION %s %s COST %s', s.proc, CASE WHEN t.leakproof THEN 'LEAKPROOF' ELSE 'NOT LEAKPROOF' END, t.cost) \
        WHEN t.support <> '-' \
        THEN pg_catalog.format('ALTER FUNCTION %s SUPPORT %s; REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', s.proc, t.support, s.wrapper) \
        ELSE pg_catalog.format('UPDATE pg_catalog.pg_proc SET prosupport = 0 WHERE oid = %s; \
            DELETE FROM pg_catalog.pg_depend WHERE classid = ''pg_catalog.pg_proc''::regclass AND objid = %1$s \
            AND refclassid = classid AND refobjid = ''docacl.search_support''::regproc; \
            REVOKE EXECUTE ON FUNCTION %2$s FROM PUBLIC', s.proc::oid, s.wrapper) END \
    FROM docacl.searchable AS s JOIN docacl.trusted_search AS t USING (origin, function) WHERE s.trusted";

/// Lets the operators of search use indexes under row security, in this database, or ends it.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_trust_search(
    enable: Option<bool>,
) -> Result<TableIterator<'static, (name!(operator, String), name!(condition, Option<String>), name!(trusted, bool))>> {
    let enable = enable.ok_or_else(|| error::null("enable"))?;
    Asker::now()?.require_superuser("trust search")?;
    let _owner = AsOwner::begin()?;
    write::run("LOCK TABLE docacl.trusted_search IN SHARE ROW EXCLUSIVE MODE", &[])?;
    if enable {
        // The statements before the memory is written, which they need not, and run after.
        let statements = texts(TRUST)?;
        write::run(REMEMBER, &[])?;
        execute(&statements)?;
    } else {
        execute(&texts(DISTRUST)?)?;
        write::run("DELETE FROM docacl.trusted_search", &[])?;
    }
    Ok(TableIterator::new(state()?))
}

/// The OID of pg_constraint.
const CONSTRAINTS: u32 = 2606;

fn execute(statements: &[String]) -> Result<()> {
    for statement in statements {
        Spi::run(statement).map_err(spi)?;
    }
    if !statements.is_empty() {
        // PostgreSQL does not plan anew for a change of its own functions, and keeps index expressions and predicates, and
        // the constraints of domains, with the stand-ins in them. (Plans with a stand-in follow its own change.)
        // SAFETY: registers invalidations, sent when the transaction ends.
        unsafe {
            pg_sys::CacheInvalidateRelcacheAll();
            pg_sys::CacheInvalidateCatalog(pg_sys::Oid::from(CONSTRAINTS));
        }
    }
    Ok(())
}

fn texts(sql: &str) -> Result<Vec<String>> {
    Spi::connect_mut(|client| {
        let mut out = Vec::new();
        for row in client.update(sql, None, &[])? {
            out.extend(row.get::<String>(1)?);
        }
        Ok::<_, pgrx::spi::SpiError>(out)
    })
    .map_err(spi)
}

fn state() -> Result<Vec<(String, Option<String>, bool)>> {
    Spi::connect_mut(|client| {
        let mut out = Vec::new();
        let sql = "SELECT operator, condition, trusted FROM docacl.searchable ORDER BY origin, condition NULLS FIRST, operator";
        for row in client.update(sql, None, &[])? {
            out.push((
                row.get::<String>(1)?.unwrap_or_default(),
                row.get::<String>(2)?,
                row.get::<bool>(3)?.unwrap_or(false),
            ));
        }
        Ok::<_, pgrx::spi::SpiError>(out)
    })
    .map_err(spi)
}
