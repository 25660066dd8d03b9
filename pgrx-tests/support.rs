//! What the tests share: doing something as somebody, and what came of it.

use pgrx::prelude::*;

/// Runs SQL as a superuser without an identity. Errors end the test.
pub fn run(sql: &str) {
    Spi::run(sql).expect(sql);
}

/// One value, as text.
pub fn one(sql: &str) -> String {
    let sql = format!("SELECT t::text FROM ({sql}) AS t(t)");
    Spi::get_one::<String>(&sql).expect(&sql).unwrap_or_else(|| "null".to_owned())
}

/// What a statement of this principal comes to: `ok`, with its effects, or the SQLSTATE, without. The principal of
/// an account is written `account/name`; `nobody` has no identity, `superuser` is one.
pub fn attempt(who: &str, sql: &str) -> String {
    said(who, sql).split(' ').next().unwrap_or_default().to_owned()
}

/// As [`attempt`], with message, detail and hint behind the SQLSTATE.
pub fn said(who: &str, sql: &str) -> String {
    Spi::run(HELPER).expect("the helper");
    Spi::get_one_with_args::<String>("SELECT pg_temp.said($1, $2)", &[who.into(), sql.into()])
        .expect("said")
        .expect("not null")
}

// The database role is an ordinary one: what a superuser may do proves nothing about others.
const HELPER: &str = r#"
DO $$ BEGIN
    IF to_regrole('docacl_plain') IS NULL THEN CREATE ROLE docacl_plain; END IF;
END $$;
CREATE OR REPLACE FUNCTION pg_temp.said(who text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
    message text;
    detail text;
    hint text;
BEGIN
    IF who NOT IN ('superuser', 'nobody') THEN
        SELECT p.id INTO STRICT id FROM docacl.principal p LEFT JOIN docacl.resource a ON a.id = p.account_id
        WHERE CASE WHEN who LIKE '%/%' THEN a.name || '/' || p.name = who ELSE p.name = who AND coalesce(a.name, 'main') = 'main' END;
    END IF;
    BEGIN
        PERFORM set_config('docacl.principal', coalesce(id::text, ''), true);
        IF who <> 'superuser' THEN
            PERFORM set_config('role', 'docacl_plain', true);
        END IF;
        EXECUTE statement;
        PERFORM set_config('role', 'none', true);
        PERFORM set_config('docacl.principal', '', true);
        RETURN 'ok';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        RETURN concat_ws(' ', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
    END;
END $$;
"#;

/// Asserts what statements of one principal come to. Their effects stay.
pub fn expect(who: &str, cases: &[(&str, &str)]) {
    for (sql, expected) in cases {
        let came = said(who, sql);
        assert!(came.split(' ').next() == Some(*expected), "{who}: {sql}: expected {expected}, got {came}");
    }
}
