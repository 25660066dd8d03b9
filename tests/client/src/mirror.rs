//! A world of the reference evaluator, made through the SQL functions, and its changes.

use docacl_reference::change::Change;
use docacl_reference::world::ADMINISTRATION_FUNCTIONS;
use docacl_reference::{Family, Grant, Period, PrincipalId, PrincipalKind, Random, ResourceId, World, actions};

use crate::session::{Session, literal, nullable};

/// How the application writes its own identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStyle {
    Number,
    Uuid,
    Text,
}

/// What the server calls the things of a world.
pub struct Mirror {
    /// docacl's ids, by the world's.
    pub resources: Vec<i64>,
    pub principals: Vec<i64>,
    /// The application's identifiers of the resources that were made here: the built-in ones have none.
    pub keys: Vec<Option<String>>,
    pub principal_keys: Vec<Option<String>>,
    /// By kind.
    pub styles: Vec<KeyStyle>,
    pub principal_style: KeyStyle,
}

/// An identifier of the application.
pub fn key(style: KeyStyle, number: usize) -> String {
    match style {
        KeyStyle::Number => (1000 + number).to_string(),
        KeyStyle::Uuid => format!("{:08x}-0000-4000-8000-{:012x}", number * 7919, number),
        KeyStyle::Text => format!("K-{number}/é"),
    }
}

pub fn style(random: &mut Random) -> KeyStyle {
    [KeyStyle::Number, KeyStyle::Uuid, KeyStyle::Text][random.below(3)]
}

/// A moment of the world as the server's.
fn moment(world: &World, at: Option<i64>) -> String {
    at.map_or_else(|| "null".to_owned(), |at| format!("now() + make_interval(secs => {})", at - world.now))
}

fn period(world: &World, period: Period) -> String {
    format!("{}, {}", moment(world, period.from), moment(world, period.until))
}

/// In which account names are looked up from now on.
pub fn account(session: &mut Session, world: &World, account: usize) {
    session.run(&format!("set docacl.account = {}", literal(&world.accounts[account].name)));
}

impl Mirror {
    /// Makes a world. The session is a superuser's.
    pub fn build(session: &mut Session, world: &World, random: &mut Random) -> Mirror {
        let mut mirror = Mirror {
            resources: vec![0; world.resources.len()],
            principals: vec![0; world.principals.len()],
            keys: vec![None; world.resources.len()],
            principal_keys: vec![None; world.principals.len()],
            styles: world.kinds.iter().map(|_| style(random)).collect(),
            principal_style: style(random),
        };
        session.run("begin");
        for kind in world.kinds.iter().filter(|kind| matches!(kind.family, Some(Family::Own(_)))) {
            session.run(&format!("select acl_create_kind({}, {})", literal(&kind.name), kind.inherits));
        }
        mirror.principals[world.system] = session.number("select id from docacl.principal where kind = 'system'");
        for id in 0..world.accounts.len() {
            session.run(&format!("select acl_create_account({})", literal(&world.accounts[id].name)));
            account(session, world, id);
            mirror.build_resources(session, world, id);
            mirror.build_principals(session, world, id);
        }
        for grant in &world.grants {
            account(session, world, world.resources[grant.resource].account);
            mirror.grant(session, world, grant);
        }
        for id in 0..world.resources.len() {
            let Some(limit) = world.resources[id].limit else { continue };
            account(session, world, world.resources[id].account);
            let kind = literal(&world.kinds[world.resources[id].kind].name);
            let words = literal(&actions::names_of(limit).join(", "));
            session.run(&format!("select acl_set_limit({kind}, {}::bigint, {words})", mirror.resources[id]));
        }
        session.run("commit");
        mirror
    }

    fn build_resources(&mut self, session: &mut Session, world: &World, account: usize) {
        let name = literal(&world.accounts[account].name);
        let inside = format!("account_id = (select id from docacl.resource where kind = 'account' and name = {name})");
        for id in (0..world.resources.len()).filter(|id| world.resources[*id].account == account) {
            let resource = &world.resources[id];
            let kind = &world.kinds[resource.kind].name;
            let made_with_the_account = resource.is_star
                || kind == "account"
                || kind == "function" && ADMINISTRATION_FUNCTIONS.contains(&resource.name.as_str());
            if made_with_the_account {
                self.resources[id] = session.number(&format!(
                    "select id from docacl.resource where {inside} and kind = {} and name = {} and parent_id is null",
                    literal(kind),
                    literal(&resource.name),
                ));
                continue;
            }
            let key = key(self.styles[resource.kind], id);
            let parent = resource.parent.map_or_else(|| "null".to_owned(), |parent| self.resources[parent].to_string());
            self.resources[id] = session.number(&format!(
                "select acl_create({}, {}, {parent}::bigint, inherits => {}, key => {})",
                literal(kind),
                literal(&resource.name),
                resource.inherits,
                literal(&key),
            ));
            self.keys[id] = Some(key);
        }
    }

    fn build_principals(&mut self, session: &mut Session, world: &World, account: usize) {
        let here = |id: &PrincipalId| world.principals[*id].account == Some(account);
        let ids: Vec<PrincipalId> = (0..world.principals.len()).filter(here).collect();
        let made = &world.accounts[account];
        for &id in &ids {
            let principal = &world.principals[id];
            let name = literal(&principal.name);
            if [made.admin_role, made.users_role, made.everyone].contains(&id) {
                let root = self.resources[made.resource];
                let built_in = format!("select id from docacl.principal where account_id = {root} and name = {name}");
                self.principals[id] = session.number(&built_in);
                continue;
            }
            let key = key(self.principal_style, 5000 + id);
            let created = match principal.kind {
                PrincipalKind::Role => {
                    format!("select acl_create_role({name}, key => {})", literal(&key))
                }
                PrincipalKind::User => format!(
                    "select acl_create_user({name}, {}, {}, key => {}, read_only => {}, valid_until => {})",
                    literal(&format!("user{id}@{}.example", made.name)),
                    literal(&world.principals[first_role(world, id)].name),
                    literal(&key),
                    principal.read_only,
                    moment(world, principal.valid_until),
                ),
                PrincipalKind::ApiKey { .. } | PrincipalKind::System => {
                    panic!("no worlds with these are mirrored")
                }
            };
            self.principals[id] = session.number(&created);
            self.principal_keys[id] = Some(key);
            if !principal.enabled {
                self.enable(session, world, id, false);
            }
        }
        let mut with_first: Vec<PrincipalId> = Vec::new();
        for membership in world.memberships.iter().filter(|m| here(&m.member)) {
            // The first role of a user was given with him.
            let is_user = world.principals[membership.member].kind == PrincipalKind::User;
            if is_user && !with_first.contains(&membership.member) {
                with_first.push(membership.member);
                continue;
            }
            self.assign(session, world, membership.role, membership.member, membership.period);
        }
    }

    fn assign(&self, session: &mut Session, world: &World, role: PrincipalId, member: PrincipalId, valid: Period) {
        session.run(&format!(
            "select acl_assign({}, {}, {})",
            literal(&world.principals[role].name),
            literal(&world.principals[member].name),
            period(world, valid),
        ));
    }

    fn enable(&self, session: &mut Session, world: &World, id: PrincipalId, enabled: bool) {
        let principal = &world.principals[id];
        let function = if principal.kind == PrincipalKind::Role { "acl_alter_role" } else { "acl_alter_user" };
        session.run(&format!("select {function}({}, enabled => {enabled})", literal(&principal.name)));
    }

    /// A grant of the world, by the names of its single actions.
    fn grant(&self, session: &mut Session, world: &World, grant: &Grant) {
        if grant.actions == 0 {
            return;
        }
        let words = actions::names_of(grant.actions).into_iter().filter(|name| {
            // `add` takes import along.
            *name != "import" || grant.actions & actions::ADD == 0
        });
        let words = words.collect::<Vec<_>>().join(", ");
        self.grant_words(session, world, grant.principal, &words, grant.resource, grant.period);
    }

    fn grant_words(
        &self,
        session: &mut Session,
        world: &World,
        principal: PrincipalId,
        words: &str,
        resource: ResourceId,
        valid: Period,
    ) {
        session.run(&format!(
            "select acl_grant({}, {}, {}, {}::bigint, {})",
            literal(&world.principals[principal].name),
            literal(words),
            literal(&world.kinds[world.resources[resource].kind].name),
            self.resources[resource],
            period(world, valid),
        ));
    }

    /// Makes a change of the world in the server. The world is as before the change. `false`: it is one of a row's
    /// own list, which only its table can address.
    pub fn apply(&self, session: &mut Session, world: &World, change: &Change) -> bool {
        let name = |id: PrincipalId| literal(&world.principals[id].name);
        let kind = |id: ResourceId| world.kinds[world.resources[id].kind].name.clone();
        let on = |id: ResourceId| format!("{}, {}::bigint", literal(&kind(id)), self.resources[id]);
        match change {
            Change::Grant { resource, .. } | Change::Revoke { resource, .. } if kind(*resource) == "document" => {
                return false;
            }
            Change::Grant { principal, words, resource, period } => {
                self.grant_words(session, world, *principal, words, *resource, *period);
            }
            Change::Revoke { principal, words, resource } => {
                let (who, on) = (name(*principal), on(*resource));
                session.run(&format!("select acl_revoke({who}, {}, {on})", literal(words)));
            }
            Change::Assign { role, member, period } => self.assign(session, world, *role, *member, *period),
            Change::Unassign { role, member } => {
                session.run(&format!("select acl_unassign({}, {})", name(*role), name(*member)));
            }
            Change::Inherits { resource, inherits } => {
                session.run(&format!("select acl_set_inherits({}, {inherits})", on(*resource)));
            }
            Change::Move { resource, parent } => {
                let parent = parent.map_or_else(|| "null".to_owned(), |parent| self.resources[parent].to_string());
                session.run(&format!("select acl_move({}, {parent}::bigint)", on(*resource)));
            }
            Change::Limit { resource, words } => {
                session.run(&format!("select acl_set_limit({}, {})", on(*resource), nullable(words.as_deref())));
            }
            Change::Enable { principal, enabled } => self.enable(session, world, *principal, *enabled),
            Change::ReadOnly { user, read_only } => {
                session.run(&format!("select acl_alter_user({}, read_only => {read_only})", name(*user)));
            }
            Change::ValidUntil { user, until } => {
                let until = until.map_or_else(|| "'infinity'".to_owned(), |until| moment(world, Some(until)));
                session.run(&format!("select acl_alter_user({}, valid_until => {until})", name(*user)));
            }
        }
        true
    }

    /// The period of a grant as the two arguments of a function.
    pub fn period_arguments(world: &World, valid: Period) -> String {
        period(world, valid)
    }

    /// Does something as a principal, or as nobody, and takes back whatever was done, identity included. `None`: the
    /// server does not let somebody disabled or expired in, which is as good as showing him nothing.
    ///
    /// `role`: the database role to do it as; a superuser's session needs one, or nothing would be judged.
    pub fn as_principal<T>(
        session: &mut Session,
        world: &World,
        who: Option<PrincipalId>,
        role: Option<&str>,
        act: impl FnOnce(&mut Session) -> T,
    ) -> Option<T> {
        session.run("savepoint identity");
        let inside = who.is_none_or(|id| login(session, world, id));
        let done = inside.then(|| {
            if let Some(role) = role {
                session.run(&format!("set local role {role}"));
            }
            act(session)
        });
        session.run("rollback to savepoint identity; release savepoint identity");
        done
    }
}

fn login(session: &mut Session, world: &World, id: PrincipalId) -> bool {
    let principal = &world.principals[id];
    let account = principal.account.map(|account| world.accounts[account].name.as_str());
    let sql = format!("select acl_set_user({}, account => {})", literal(&principal.name), nullable(account));
    match session.attempt(&sql) {
        Ok(_) => true,
        Err(refusal) if refusal.code == "28000" && !world.is_active(id) => false,
        Err(refusal) => panic!("{refusal:?}\nin {sql}"),
    }
}

/// The role that a user is created with.
fn first_role(world: &World, user: PrincipalId) -> PrincipalId {
    let first = world.memberships.iter().find(|m| m.member == user);
    first.unwrap_or_else(|| panic!("user {user} has no role")).role
}
