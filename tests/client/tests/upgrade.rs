//! An installation of a released version, upgraded, is what a new one is: the same objects to the last comment, and the
//! same answers. A dump of the released version restored into a new one answers the same too.

use docacl_client_tests::Session;
use docacl_client_tests::server::Database;
use docacl_client_tests::world::{answers, build, findings, program};

/// Everything the extension consists of, one line each, without oids.
fn catalogue(superuser: &mut Session) -> Vec<String> {
    superuser.run("set search_path = ''");
    let lines = superuser.column(
        r"
        with member as (
            select d.classid, d.objid from pg_depend d join pg_extension e on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
            where e.extname = 'docacl' and d.deptype = 'e'
        ), rel as (
            select c.* from pg_class c where c.relnamespace = 'docacl'::regnamespace
        )
        select 'member ' || pg_describe_object(classid, objid, 0) from member
        union all
        select 'function ' || pg_get_functiondef(p.oid) || ' acl ' || coalesce(p.proacl::text, '-') || ' owner ' || p.proowner::regrole
               || ' comment ' || coalesce(obj_description(p.oid, 'pg_proc'), '-')
        from pg_proc p join member m on m.classid = 'pg_proc'::regclass and m.objid = p.oid
        union all
        select format('relation %s %s rls %s %s options %s acl %s comment %s persistence %s', c.oid::regclass, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
                      c.reloptions, c.relacl, obj_description(c.oid, 'pg_class'), c.relpersistence)
        from rel c
        union all
        select format('column %s %s %s %s %s notnull %s default %s identity %s generated %s acl %s comment %s', c.oid::regclass, row_number() over (partition by c.oid order by a.attnum), a.attname, a.atttypid::regtype, a.atttypmod,
                      a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attacl, col_description(c.oid, a.attnum))
        from rel c join pg_attribute a on a.attrelid = c.oid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where a.attnum > 0 and not a.attisdropped
        union all
        select format('constraint %s %s %s %s', n.conrelid::regclass, n.conname, pg_get_constraintdef(n.oid), n.convalidated)
        from pg_constraint n where n.connamespace = 'docacl'::regnamespace
        union all
        select 'index ' || pg_get_indexdef(i.indexrelid) from pg_index i join rel c on c.oid = i.indrelid
        union all
        select format('trigger %s %s', pg_get_triggerdef(t.oid), t.tgenabled) from pg_trigger t join rel c on c.oid = t.tgrelid where not t.tgisinternal
        union all
        select format('policy %s %s %s %s %s %s %s', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
        from pg_policy p join rel c on c.oid = p.polrelid
        union all
        select format('view %s %s', c.oid::regclass, pg_get_viewdef(c.oid)) from rel c where c.relkind = 'v'
        union all
        select format('type %s %s comment %s', t.oid::regtype, t.typtype, obj_description(t.oid, 'pg_type')) from pg_type t where t.typnamespace = 'docacl'::regnamespace
        union all
        select format('operator %s comment %s', o.oid::regoperator, obj_description(o.oid, 'pg_operator')) from pg_operator o join member m on m.classid = 'pg_operator'::regclass and m.objid = o.oid
        union all
        select format('event trigger %s %s %s %s %s comment %s', v.evtname, v.evtevent, v.evtfoid::regproc, v.evtenabled, v.evttags, obj_description(v.oid, 'pg_event_trigger'))
        from pg_event_trigger v join member m on m.classid = 'pg_event_trigger'::regclass and m.objid = v.oid
        union all
        select format('schema %s %s comment %s', n.nspname, n.nspacl, obj_description(n.oid, 'pg_namespace')) from pg_namespace n where n.nspname = 'docacl'
        union all
        select format('dumped %s %s', c.c::regclass, c.w) from pg_extension e, unnest(e.extconfig, e.extcondition) as c(c, w) where e.extname = 'docacl'
        union all
        select format('initial privileges of %s: %s', pg_describe_object(i.classoid, i.objoid, i.objsubid), i.initprivs)
        from pg_init_privs i join member m on m.classid = i.classoid and m.objid = i.objoid
        union all
        select format('extension %s %s %s', e.extversion, e.extnamespace::regnamespace, obj_description(e.oid, 'pg_extension')) from pg_extension e where e.extname = 'docacl'
        union all
        select format('kind %s %s %s %s', k.name, k.gate, k.rank, k.has_star) from docacl.kind k where k.built_in union all select 'action ' || a::text from docacl.action a where a.built_in
        order by 1",
    );
    superuser.run("reset search_path");
    lines
}

/// Puts the scripts of released versions beside the new one, as they were before an upgrade.
fn released() {
    let to = format!("{}/extension", program("pg_config", &["--sharedir"]).trim());
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql/released")).unwrap() {
        let path = entry.unwrap().path();
        let copy = std::path::Path::new(&to).join(path.file_name().unwrap());
        std::fs::copy(&path, &copy).unwrap_or_else(|e| panic!("{}: {e}", copy.display()));
    }
}

#[test]
fn an_upgraded_installation_is_what_a_new_one_is() {
    released();
    let new = Database::create("fresh");
    let old = Database::create_bare("upgraded");
    let mut superuser = old.superuser();
    superuser.run("create extension docacl version '0.1.0'");
    build(&mut superuser);
    let before = answers(&mut superuser);
    assert!(before.iter().any(|a| a.starts_with("ann 1 read")), "{before:?}");
    let file = std::env::temp_dir().join(old.name());
    let path = file.display().to_string();
    program("pg_dump", &["-f", &path, "-d", old.name()]);

    superuser.run("alter extension docacl update");
    assert_eq!(answers(&mut superuser), before);
    assert_eq!(answers(&mut old.superuser()), before, "in a new session");
    let (upgraded, fresh) = (catalogue(&mut superuser), catalogue(&mut new.superuser()));
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    assert_eq!((only(&upgraded, &fresh), only(&fresh, &upgraded)), (vec![], vec![]), "(upgraded only, new only)");
    assert_eq!(upgraded.len(), fresh.len());
    // And it goes on: what is refused is refused, what is granted counts.
    superuser.run("select acl_grant_row('ann', 'view', 'documents', '3')");
    assert_ne!(answers(&mut superuser), before);

    // A table protected by the released version is protected as one protected now.
    build(&mut new.superuser());
    let found = findings(&mut new.superuser());
    assert_eq!(findings(&mut superuser), found);

    let copy = Database::create_bare("from_released");
    program("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-d", copy.name(), "-f", &path]);
    std::fs::remove_file(&file).unwrap();
    let mut restored = copy.superuser();
    assert_eq!(
        restored.column("select extversion from pg_extension where extname = 'docacl'"),
        new.superuser().column("select extversion from pg_extension where extname = 'docacl'")
    );
    assert_eq!(findings(&mut restored), found, "a dump of the released version, restored");
    assert_eq!(answers(&mut restored), before, "a dump of the released version, restored");
}
