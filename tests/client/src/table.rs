//! A protected table of random shape, and its rows here and there.

use std::cell::Cell;

use docacl_reference::generate::{self, GateShape, RowChances, Shape};
use docacl_reference::statement::Changed;
use docacl_reference::{Family, Gate, KindId, Period, PrincipalId, Random, Reference, ResourceId, Row, World, actions};

use crate::mirror::{self, KeyStyle, Mirror};
use crate::session::{Session, literal, nullable};

/// How a column names what it refers to.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    by_key: bool,
    sql_type: &'static str,
}

/// The table's columns beside its references, as they are in the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plain {
    pub title: Option<String>,
    pub code: Option<String>,
    pub signed: bool,
    pub note: String,
}

/// One row: what its judgement depends on, and the rest.
#[derive(Debug, Clone)]
pub struct Record {
    pub key: String,
    pub row: Row,
    pub plain: Plain,
}

/// The table.
#[derive(Clone)]
pub struct Table {
    pub shape: Shape,
    /// By gate, then by kind.
    columns: Vec<Vec<Column>>,
    people_by_key: bool,
    people_type: &'static str,
    key_style: KeyStyle,
    key_type: &'static str,
    /// The column of a reference by whose hash the table is partitioned: rows that move do so between partitions.
    partitioned_by: Option<String>,
    /// A table `parts`, one row for each of the rows there were, decided by those: the action that its SELECT asks there.
    pub parts: Option<&'static str>,
    pub records: Vec<Record>,
    made: Cell<usize>,
}

/// The type of a column that holds keys of a style.
fn column_type(random: &mut Random, style: KeyStyle) -> &'static str {
    match style {
        KeyStyle::Number => ["smallint", "integer", "bigint", "text"][random.below(4)],
        KeyStyle::Uuid => ["uuid", "text"][random.below(2)],
        KeyStyle::Text => "text",
    }
}

impl Table {
    /// A random table for a world.
    pub fn random(random: &mut Random, world: &World, mirror: &Mirror, shape: Shape) -> Table {
        let columns = shape.gates.iter().map(|gate| {
            let column = |kind: &KindId| {
                let by_key = random.percent(50);
                let sql_type = if by_key { column_type(random, mirror.styles[*kind]) } else { "bigint" };
                Column { name: format!("{}_ref", world.kinds[*kind].name), by_key, sql_type }
            };
            gate.kinds.iter().map(column).collect()
        });
        let columns: Vec<Vec<Column>> = columns.collect();
        let partitioned = random.percent(30);
        let partitioned_by = columns.iter().flatten().next().filter(|_| partitioned).map(|column| column.name.clone());
        let people_by_key = random.percent(50);
        let people_type = if people_by_key { column_type(random, mirror.principal_style) } else { "bigint" };
        let key_style = mirror::style(random);
        let key_type = column_type(random, key_style);
        Table {
            shape,
            columns,
            people_by_key,
            people_type,
            key_style,
            key_type,
            partitioned_by,
            parts: None,
            records: Vec::new(),
            made: Cell::new(0),
        }
    }

    /// CREATE TABLE, with the privileges that an application has.
    pub fn create(&self, session: &mut Session, app: &str) {
        let mut columns = match &self.partitioned_by {
            Some(column) => vec![format!("id {} not null, unique (id, {column})", self.key_type)],
            None => vec![format!("id {} primary key", self.key_type)],
        };
        for column in self.columns.iter().flatten() {
            columns.push(format!("{} {}", column.name, column.sql_type));
        }
        columns.push(format!("created_by {}, requested_by {}", self.people_type, self.people_type));
        columns.push("own_acl bigint, locked boolean not null default false".to_owned());
        columns.push(format!("deleted_at timestamptz, deleted_by {}", self.people_type));
        columns.push("title text, code text default 'none', signed_at timestamptz".to_owned());
        columns.push("note text not null default ''".to_owned());
        let partitioned = self.partitioned_by.as_ref().map(|column| format!("partition by hash ({column})"));
        session.run(&format!("create table docs ({}) {}", columns.join(", "), partitioned.unwrap_or_default()));
        for part in 0..if self.partitioned_by.is_some() { 3 } else { 0 } {
            session.run(&format!(
                "create table docs_{part} partition of docs for values with (modulus 3, remainder {part})"
            ));
        }
        session.run(&format!("grant select, insert, update, delete on docs to {app}"));
    }

    /// `acl_protect`
    pub fn protect(&self, session: &mut Session, world: &World) {
        let mut gates: Vec<String> = Vec::new();
        let mut required: Vec<String> = Vec::new();
        for (gate, columns) in std::iter::zip(&self.shape.gates, &self.columns) {
            if !gate.constants.is_empty() {
                let names: Vec<String> = gate.constants.iter().map(|name| format!("\"{name}\"")).collect();
                gates.push(format!("\"function\": {{\"constant\": [{}]}}", names.join(", ")));
            }
            for (kind, column) in std::iter::zip(&gate.kinds, columns) {
                gates.push(format!("\"{}\": {}", world.kinds[*kind].name, reference(&column.name, column.by_key)));
            }
            if let (true, Some(kind)) = (gate.required, gate.kinds.first()) {
                required.push(format!("\"{}\"", world.kinds[*kind].name));
            }
        }
        let mut options = vec!["\"key\": \"id\"".to_owned()];
        let mut option = |wanted: bool, text: String| options.extend(wanted.then_some(text));
        option(self.shape.owner, format!("\"owner\": {}", reference("created_by", self.people_by_key)));
        option(self.shape.requester, format!("\"requester\": {}", reference("requested_by", self.people_by_key)));
        option(self.shape.own_lists, "\"own_acl\": \"own_acl\"".to_owned());
        option(self.shape.immutable, "\"immutable\": \"locked\"".to_owned());
        option(self.shape.deleted, "\"deleted\": \"deleted_at\"".to_owned());
        option(self.shape.deleted, format!("\"deleted_by\": {}", reference("deleted_by", self.people_by_key)));
        option(!required.is_empty(), format!("\"required\": [{}]", required.join(", ")));
        option(
            true,
            "\"columns\": {\"title\": \"rename\", \"code\": \"custom_id\", \"signed_at\": \"sign\"}".to_owned(),
        );
        session.run(&format!(
            "select acl_protect('docs', '{{{}}}'::jsonb, '{{{}}}'::jsonb)",
            gates.join(", "),
            options.join(", ")
        ));
    }

    /// Makes `parts`, of the rows that there are.
    pub fn create_parts(&mut self, session: &mut Session, app: &str, random: &mut Random) {
        let action = ["read", "download", "write"][random.below(3)];
        let key_type = self.key_type;
        session
            .run(&format!("create table parts (id bigint generated always as identity primary key, doc {key_type})"));
        session.run(&format!("grant select, insert, update, delete on parts to {app}"));
        session.run("insert into parts (doc) select id from docs");
        if random.percent(50) {
            session.run("create index on parts (doc)");
        }
        session.run(&format!(
            "select acl_protect('parts', '{{}}', '{{\"key\": \"id\", \"parent\": {{\"relation\": \"docs\", \
             \"column\": \"doc\", \"actions\": {{\"select\": \"{action}\"}}}}}}')"
        ));
        self.parts = Some(action);
    }

    /// The names of the columns that refer to resources.
    pub fn reference_columns(&self) -> Vec<String> {
        self.columns.iter().flatten().map(|column| column.name.clone()).collect()
    }

    /// "every action that an UPDATE of this table can ask"
    pub fn askable(&self) -> u64 {
        let mut all = actions::WRITE | actions::named("rename custom_id sign");
        if self.shape.gates.iter().any(|gate| gate.family == Family::Place) {
            all |= actions::MOVE;
        }
        if self.shape.immutable {
            all |= actions::IMMUTABLE;
        }
        if self.shape.deleted {
            all |= actions::DELETE;
        }
        all
    }

    /// A record that the table could hold, not yet in it. Its own list comes by sharing.
    pub fn new_record(
        &self,
        random: &mut Random,
        world: &mut World,
        mirror: &Mirror,
        account: usize,
        chances: RowChances,
    ) -> Record {
        let chances = RowChances { own_list: 0, ..chances };
        let shape = self.shape.clone();
        let mut row = generate::row(random, world, &shape, account, chances);
        for (gate, columns) in std::iter::zip(&mut row.gates, &self.columns) {
            for (reference, column) in std::iter::zip(&mut gate.references, columns) {
                // What was made with the account has no identifier of the application's.
                let keyless = matches!(reference, Some(Reference::Resource(id)) if mirror.keys[*id].is_none());
                if keyless && column.by_key {
                    *reference = None;
                }
            }
        }
        if !row.deleted {
            row.deleted_by = None;
        }
        let plain = Plain {
            title: random.percent(70).then(|| format!("title {}", random.below(1000))),
            code: Some(if random.percent(70) { "none".to_owned() } else { format!("code {}", random.below(1000)) }),
            signed: random.percent(20),
            note: format!("note {}", random.below(1000)),
        };
        self.made.set(self.made.get() + 1);
        // Other numbers than those of the resources, and few enough for a smallint.
        Record { key: mirror::key(self.key_style, 10_000 + self.made.get()), row, plain }
    }

    /// Whether a row lacks a reference that the table requires and has another: such a row can only be older than
    /// the protection.
    pub fn lacks_required(&self, row: &Row) -> bool {
        let empty = |gate: &Gate| gate.constants.is_empty() && gate.references.iter().all(Option::is_none);
        row.gates.iter().any(|gate| gate.required && empty(gate))
    }

    fn person(&self, mirror: &Mirror, who: Option<PrincipalId>) -> String {
        match who {
            None => "null".to_owned(),
            Some(id) if self.people_by_key => nullable(mirror.principal_keys[id].as_deref()),
            Some(id) => mirror.principals[id].to_string(),
        }
    }

    fn reference_value(mirror: &Mirror, column: &Column, reference: Option<Reference>) -> String {
        match reference {
            None => "null".to_owned(),
            Some(Reference::Resource(id)) if column.by_key => nullable(mirror.keys[id].as_deref()),
            Some(Reference::Resource(id)) => mirror.resources[id].to_string(),
            Some(Reference::Dangling) => match column.sql_type {
                "smallint" => "32000".to_owned(),
                "uuid" => literal("ffffffff-0000-4000-8000-000000000000"),
                "text" => literal("no such thing"),
                _ => "999999999".to_owned(),
            },
        }
    }

    /// The columns of a record that an application writes, with their values as SQL.
    pub fn assignments(&self, mirror: &Mirror, record: &Record) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (gate, columns) in std::iter::zip(&record.row.gates, &self.columns) {
            for (reference, column) in std::iter::zip(&gate.references, columns) {
                all.push((column.name.clone(), Table::reference_value(mirror, column, *reference)));
            }
        }
        let plain = &record.plain;
        let signed = if plain.signed { "timestamptz '2020-02-02 00:00+00'" } else { "null" };
        let deleted = if record.row.deleted { "timestamptz '2021-01-01 00:00+00'" } else { "null" };
        for (name, value) in [
            ("created_by", self.person(mirror, record.row.owner)),
            ("requested_by", self.person(mirror, record.row.requester)),
            ("locked", record.row.immutable.to_string()),
            ("deleted_at", deleted.to_owned()),
            ("deleted_by", self.person(mirror, record.row.deleted_by)),
            ("title", nullable(plain.title.as_deref())),
            ("code", nullable(plain.code.as_deref())),
            ("signed_at", signed.to_owned()),
            ("note", literal(&plain.note)),
        ] {
            all.push((name.to_owned(), value));
        }
        all
    }

    /// INSERT of records that are to be in the table, by a session that is not judged.
    pub fn insert(&mut self, session: &mut Session, mirror: &Mirror, records: Vec<Record>) {
        for some in records.chunks(200) {
            let names: Vec<String> = match some.first() {
                Some(first) => self.assignments(mirror, first).into_iter().map(|(name, _)| name).collect(),
                None => continue,
            };
            let rows: Vec<String> = some
                .iter()
                .map(|record| {
                    let values = self.assignments(mirror, record).into_iter().map(|(_, value)| value);
                    format!("({}, {})", literal(&record.key), values.collect::<Vec<_>>().join(", "))
                })
                .collect();
            session.run(&format!("insert into docs (id, {}) values {}", names.join(", "), rows.join(", ")));
        }
        self.records.extend(records);
    }

    /// UPDATE of every column in which two states of a record differ; `None` where they do not.
    pub fn update(&self, mirror: &Mirror, old: &Record, new: &Record) -> Option<String> {
        let pairs = std::iter::zip(self.assignments(mirror, old), self.assignments(mirror, new));
        let differing: Vec<String> = pairs
            .filter(|(before, after)| before.1 != after.1)
            .map(|(_, (name, value))| format!("{name} = {value}"))
            .collect();
        let set = differing.join(", ");
        (!differing.is_empty()).then(|| format!("update docs set {set} where id = {}", literal(&old.key)))
    }

    /// What an UPDATE from one state to the other changes.
    pub fn changed(&self, old: &Record, new: &Record) -> Changed {
        let mut changed = Changed::default();
        for (before, after) in std::iter::zip(&old.row.gates, &new.row.gates) {
            if before.references != after.references {
                match before.family {
                    Family::Place => changed.location = true,
                    _ => changed.other_gate = true,
                }
            }
        }
        if old.plain.title != new.plain.title {
            changed.mapped |= actions::RENAME;
        }
        if old.plain.code != new.plain.code {
            changed.mapped |= actions::named("custom_id");
        }
        if old.plain.signed != new.plain.signed {
            changed.mapped |= actions::SIGN;
        }
        if self.shape.immutable && old.row.immutable != new.row.immutable {
            changed.mapped |= actions::IMMUTABLE;
            changed.immutable_cleared = old.row.immutable;
        }
        if self.shape.deleted && old.row.deleted != new.row.deleted {
            changed.mapped |= actions::DELETE;
        }
        changed.identity = old.row.owner != new.row.owner || old.row.requester != new.row.requester;
        changed.ordinary = old.plain.note != new.plain.note;
        changed
    }

    /// The actions of what an INSERT of a record sets to something else than its default.
    pub fn set_by_insert(&self, record: &Record) -> u64 {
        let mut mapped = 0;
        mapped |= if record.plain.title.is_some() { actions::RENAME } else { 0 };
        mapped |= if record.plain.code.as_deref() == Some("none") { 0 } else { actions::named("custom_id") };
        mapped |= if record.plain.signed { actions::SIGN } else { 0 };
        mapped |= if self.shape.immutable && record.row.immutable { actions::IMMUTABLE } else { 0 };
        mapped |= if self.shape.deleted && record.row.deleted { actions::DELETE } else { 0 };
        mapped
    }

    /// Other references for one gate, consistent with the row's account; `false` where it has no reference columns.
    pub fn rerefer(
        &self,
        random: &mut Random,
        world: &World,
        mirror: &Mirror,
        row: &mut Row,
        gate: usize,
        account: usize,
    ) -> bool {
        let GateShape { kinds, required, .. } = &self.shape.gates[gate];
        if kinds.is_empty() {
            return false;
        }
        let null = if *required { 0 } else { 15 };
        let chances = RowChances { null, ..RowChances::default() };
        let references = generate::references(random, world, kinds, account, chances);
        let keyless = std::iter::zip(&references, &self.columns[gate]).any(|(reference, column)| {
            column.by_key && matches!(reference, Some(Reference::Resource(id)) if mirror.keys[*id].is_none())
        });
        if keyless || *required && references.iter().all(Option::is_none) {
            return false;
        }
        row.gates[gate].references = references;
        true
    }

    /// Shares a row: `acl_grant_row`.
    pub fn share(
        &mut self,
        session: &mut Session,
        world: &mut World,
        at: usize,
        principal: PrincipalId,
        words: &str,
        valid: Period,
    ) -> ResourceId {
        let record = &mut self.records[at];
        session.run(&format!(
            "select acl_grant_row({}, {}, 'docs', {}, {})",
            literal(&world.principals[principal].name),
            literal(words),
            literal(&record.key),
            Mirror::period_arguments(world, valid),
        ));
        let list = world.share(&mut record.row);
        let bits = generate::bits_on(words, "document");
        world.grants.push(docacl_reference::Grant { principal, resource: list, actions: bits, period: valid });
        list
    }
}

fn reference(column: &str, by_key: bool) -> String {
    format!("{{\"column\": \"{column}\", \"by\": \"{}\"}}", if by_key { "key" } else { "id" })
}
