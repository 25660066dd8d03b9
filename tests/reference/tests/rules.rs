//! The reference evaluator against the rules it was written from: few worlds, each built by hand so that the
//! expected answer can be read off the page. If this is wrong, agreement with the engine means nothing.

use docacl_reference::actions::{self, named};
use docacl_reference::statement::{Changed, Outcome, Set};
use docacl_reference::{Family, Gate, Period, PrincipalId, PrincipalKind, Reference, ResourceId, Row, Verdict, World};

/// One account with a user, a role that he has, and a resource for each of the two keys.
struct Office {
    world: World,
    user: PrincipalId,
    role: PrincipalId,
    location: ResourceId,
    invoices: ResourceId,
}

fn office() -> Office {
    let mut world = World::new();
    let account = world.account("main");
    let user = world.user("ann", account);
    let role = world.role("clerks", account);
    world.assign(role, user);
    let location = world.resource_of("location", account, "HR", None);
    let invoices = world.resource_of("document_type", account, "Invoice", None);
    Office { world, user, role, location, invoices }
}

impl Office {
    fn row(&self) -> Row {
        Row {
            gates: vec![Gate::to(Family::Place, self.location), Gate::to(Family::Type, self.invoices)],
            ..Row::default()
        }
    }

    fn may(&self, row: &Row) -> u64 {
        self.world.may(Some(self.user), row).of_existing()
    }
}

#[test]
fn nothing_granted_is_denied() {
    let office = office();
    assert_eq!(office.may(&office.row()), 0);
    assert_eq!(office.world.may(None, &office.row()), Verdict::default());
}

/// "the most anybody but admins and system may do to rows under it; null lifts it"
#[test]
fn a_limit_is_the_most_for_everybody_but_admins_and_system() {
    let mut office = office();
    let above = office.world.resource_of("location", 0, "Archive", None);
    office.world.resources[office.location].parent = Some(above);
    office.world.grant(office.role, "change", office.location);
    office.world.grant(office.role, "change", office.invoices);
    let boss = office.world.user("boss", 0);
    office.world.assign(office.world.accounts[0].admin_role, boss);
    let mut row = office.row();
    let change = actions::change() & !actions::of_places();
    let view = actions::view() & !actions::of_places();
    assert_eq!(office.may(&row), change);
    // On what the location lies in, though it inherits nothing.
    assert!(!office.world.resources[office.location].inherits);
    for limited in [above, office.location, office.world.star_of(office.world.kind("location"), 0).unwrap()] {
        office.world.resources[limited].limit = Some(actions::view());
        assert_eq!(office.may(&row), view, "{limited}");
        assert_eq!(office.world.may(Some(office.user), &row).actions & actions::ADD, 0);
        assert!(office.world.may(Some(boss), &row).unbound);
        assert!(office.world.may(Some(office.world.system), &row).unbound);
        // A question about the location itself is none about rows.
        assert_ne!(office.world.can_on(Some(office.user), office.location) & actions::WRITE, 0);
        // The requester is bound, and a list that stands instead of the location lies where the row lies.
        row.requester = Some(office.user);
        assert_eq!(office.may(&row), view);
        row.requester = None;
        let list = office.world.share(&mut row);
        office.world.resources[list].inherits = false;
        office.world.grant(office.user, "change", list);
        assert_eq!(office.may(&row), view);
        row.own_list = None;
        // Without read nothing is shown, to the requester neither; two limits leave what both leave.
        office.world.resources[limited].limit = Some(actions::edit());
        row.requester = Some(office.user);
        assert_eq!(office.may(&row), 0);
        row.requester = None;
        office.world.resources[limited].limit = Some(actions::view() | actions::edit());
        office.world.resources[office.invoices].limit = Some(actions::view() | actions::DELETE);
        assert_eq!(office.may(&row), view);
        office.world.resources[office.invoices].limit = None;
        office.world.resources[limited].limit = None;
        assert_eq!(office.may(&row), change, "lifted");
    }
}

#[test]
fn b6_two_keys_are_required() {
    for (key, type_key) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut office = office();
        if key {
            office.world.grant(office.role, "enter", office.location);
        }
        if type_key {
            office.world.grant(office.role, "view", office.invoices);
        }
        let expected = if key && type_key { actions::view() & !actions::of_places() } else { 0 };
        assert_eq!(office.may(&office.row()), expected, "location key {key}, type key {type_key}");
    }
}

#[test]
fn enter_gives_no_action_by_itself() {
    let mut office = office();
    office.world.grant(office.role, "enter", office.location);
    let unfiled_type = Row { gates: vec![Gate::to(Family::Place, office.location)], ..Row::default() };
    assert_eq!(office.may(&unfiled_type), 0);
}

#[test]
fn b16_without_view_nothing_but_add() {
    let mut office = office();
    office.world.grant(office.role, "enter", office.location);
    office.world.grant(office.role, "edit, delete, add", office.invoices);
    assert_eq!(office.may(&office.row()), 0);
    let verdict = office.world.may(Some(office.user), &office.row());
    assert_eq!(verdict.actions, actions::adding());
}

#[test]
fn advanced_actions_pass_a_gate_that_gives_write() {
    let mut office = office();
    office.world.grant(office.role, "view, sign", office.invoices);
    office.world.grant(office.role, "view", office.location);
    assert_eq!(office.may(&office.row()) & actions::SIGN, 0);
    office.world.grant(office.role, "edit", office.location);
    assert_eq!(office.may(&office.row()) & actions::SIGN, actions::SIGN);
    // Edit itself stays closed: the type gives none.
    assert_eq!(office.may(&office.row()) & actions::edit(), 0);
}

#[test]
fn the_intray_is_its_owners() {
    let office = office();
    let unfiled = Row {
        gates: vec![Gate::empty(Family::Place), Gate::empty(Family::Type)],
        owner: Some(office.user),
        ..Row::default()
    };
    assert_eq!(office.may(&unfiled), actions::change() & !actions::of_places());
    assert_eq!(office.may(&Row { owner: None, ..unfiled.clone() }), 0);
    assert_eq!(office.may(&Row { owner: Some(office.role), ..unfiled }), 0);
}

#[test]
fn a_missing_required_reference_closes_but_not_the_intray() {
    let mut office = office();
    office.world.grant(office.role, "full", office.location);
    let required = Gate { required: true, ..Gate::empty(Family::Type) };
    let row = Row { gates: vec![Gate::to(Family::Place, office.location), required.clone()], ..Row::default() };
    assert_eq!(office.may(&row), 0);
    let unfiled = Row { gates: vec![Gate::empty(Family::Place), required], owner: Some(office.user), ..Row::default() };
    assert_ne!(office.may(&unfiled), 0);
}

#[test]
fn a_dangling_reference_closes_for_all_but_system() {
    let mut office = office();
    office.world.grant(office.role, "full", office.location);
    let admins = office.world.accounts[0].admin_role;
    office.world.assign(admins, office.user);
    let mut row = office.row();
    assert_eq!(office.may(&row), actions::everything());
    row.gates[1].references = vec![Some(Reference::Dangling)];
    assert_eq!(office.may(&row), 0);
    assert_eq!(office.world.may(Some(office.world.system), &row).of_existing(), actions::everything());
}

#[test]
fn c18_the_requester_views_and_edits_whatever_the_gates_say() {
    let office = office();
    let row = Row { requester: Some(office.user), ..office.row() };
    assert_eq!(office.may(&row), (actions::view() | actions::edit()) & !actions::of_places());
    assert_eq!(office.may(&Row { immutable: true, ..row.clone() }) & actions::edit(), 0);
    assert_eq!(office.may(&Row { deleted: true, ..row.clone() }), 0);
    let own_trash = Row { deleted: true, deleted_by: Some(office.user), ..row };
    assert_ne!(office.may(&own_trash), 0);
}

#[test]
fn the_requester_rule_stops_at_the_account() {
    let mut office = office();
    let other = office.world.account("other");
    let foreign = office.world.resource_of("location", other, "HR", None);
    let row = Row { gates: vec![Gate::to(Family::Place, foreign)], requester: Some(office.user), ..Row::default() };
    assert_eq!(office.may(&row), 0);
}

#[test]
fn d29_admin_of_every_engaged_account() {
    let mut office = office();
    let other = office.world.account("other");
    let foreign = office.world.resource_of("project", other, "P", None);
    let admins = office.world.accounts[0].admin_role;
    office.world.assign(admins, office.user);
    let mut row = office.row();
    assert_eq!(office.may(&row), actions::everything());
    row.immutable = true;
    assert_eq!(office.may(&row), actions::everything());
    row.gates.push(Gate::to(Family::Project, foreign));
    assert_eq!(office.may(&row), 0);
}

#[test]
fn shares_add_and_lists_that_stand_instead_close() {
    let mut office = office();
    office.world.grant(office.role, "view", office.location);
    let guest = office.world.user("bob", 0);
    let mut row = Row { gates: vec![Gate::to(Family::Place, office.location)], ..Row::default() };
    let list = office.world.share(&mut row);
    office.world.grant(guest, "view", list);
    assert_ne!(office.may(&row), 0);
    assert_ne!(office.world.may(Some(guest), &row).actions, 0);
    office.world.resources[list].inherits = false;
    assert_eq!(office.may(&row), 0);
    assert_ne!(office.world.may(Some(guest), &row).actions, 0);
}

#[test]
fn a_star_reaches_all_of_a_kind_but_lists_that_stand_instead() {
    let mut office = office();
    let kind = office.world.kind("location");
    let star = office.world.star_of(kind, 0).expect("locations have a *");
    let everyone = office.world.accounts[0].everyone;
    office.world.grant(everyone, "view", star);
    let mut row = Row { gates: vec![Gate::to(Family::Place, office.location)], ..Row::default() };
    assert_ne!(office.may(&row), 0);
    let list = office.world.share(&mut row);
    assert_ne!(office.may(&row), 0);
    office.world.resources[list].inherits = false;
    assert_eq!(office.may(&row), 0);
}

#[test]
fn b11_locations_do_not_inherit_and_types_do() {
    let mut office = office();
    let department = office.world.resource_of("location", 0, "Accounts", Some(office.location));
    let special = office.world.resource_of("document_type", 0, "Credit note", Some(office.invoices));
    office.world.grant(office.role, "view", office.location);
    office.world.grant(office.role, "view", office.invoices);
    assert_eq!(office.world.mask(office.user, department), 0);
    assert_eq!(office.world.mask(office.user, special), actions::view());
    office.world.resources[department].inherits = true;
    assert_eq!(office.world.mask(office.user, department), actions::view());
}

#[test]
fn roles_count_transitively_while_enabled_and_valid() {
    let mut office = office();
    let outer = office.world.role("staff", 0);
    office.world.assign(outer, office.role);
    office.world.grant(outer, "view", office.invoices);
    assert_ne!(office.world.mask(office.user, office.invoices), 0);
    office.world.principals[office.role].enabled = false;
    assert_eq!(office.world.mask(office.user, office.invoices), 0);
    office.world.principals[office.role].enabled = true;
    office.world.memberships[0].period = Period { from: None, until: Some(office.world.now) };
    assert_eq!(office.world.mask(office.user, office.invoices), 0);
    office.world.memberships[0].period = Period { from: Some(office.world.now), until: None };
    assert_ne!(office.world.mask(office.user, office.invoices), 0);
}

#[test]
fn disabled_and_expired_users_have_nothing_and_readers_are_guests() {
    let mut office = office();
    office.world.grant(office.user, "full", office.location);
    let row = Row { gates: vec![Gate::to(Family::Place, office.location)], ..Row::default() };
    office.world.principals[office.user].read_only = true;
    assert_eq!(office.may(&row), actions::guest());
    office.world.principals[office.user].valid_until = Some(office.world.now);
    assert_eq!(office.may(&row), 0);
    office.world.principals[office.user].valid_until = None;
    office.world.principals[office.user].enabled = false;
    assert_eq!(office.may(&row), 0);
}

#[test]
fn a6_an_api_key_stays_in_its_environment() {
    let mut world = World::new();
    let account = world.account("main");
    let root = world.accounts[account].resource;
    let test = world.resource_of("environment", account, "Test", Some(root));
    let live = world.resource_of("environment", account, "Live", Some(root));
    let company = world.resource_of("company", account, "C", Some(test));
    let key = world.principal("key", PrincipalKind::ApiKey { environment: test }, Some(account));
    world.grant(key, "full", root);
    let row = |resource| Row { gates: vec![Gate::to(Family::Scope, resource)], owner: Some(key), ..Row::default() };
    for (resource, open) in [(test, true), (company, true), (live, false), (root, false)] {
        assert_eq!(world.may(Some(key), &row(resource)).actions != 0, open);
        assert_eq!(world.can_on(Some(key), resource) != 0, open);
    }
    // Not even as an admin, not as an owner, and not on a row without a scope.
    world.assign(world.accounts[account].admin_role, key);
    assert_eq!(world.may(Some(key), &row(live)).actions, 0);
    let unfiled = Row { gates: vec![Gate::empty(Family::Scope)], owner: Some(key), ..Row::default() };
    assert_eq!(world.may(Some(key), &unfiled).actions, 0);
}

#[test]
fn c5_the_function_entered_decides_which_constant_is_asked() {
    let mut world = World::new();
    let account = world.account("main");
    let user = world.user("ann", account);
    let orders = world.resource_of("function", account, "Orders", None);
    let overview = world.resource_of("function", account, "Overview", None);
    world.resource_of("function", account, "Other", None);
    world.grant(user, "change", orders);
    world.grant(user, "view", overview);
    let constants = vec!["Orders".to_owned(), "Overview".to_owned()];
    let gate = Gate { constants, references: vec![], ..Gate::empty(Family::Function) };
    let row = Row { gates: vec![gate], ..Row::default() };
    let held = |entered| world.may_in(Some(user), entered, &row).of_existing();
    assert_ne!(held(None) & actions::WRITE, 0);
    assert_eq!(held(Some("Overview")) & (actions::READ | actions::WRITE), actions::READ);
    assert_eq!(held(Some("Other")), 0);
}

#[test]
fn the_first_reference_present_decides() {
    let mut office = office();
    let root = office.world.accounts[0].resource;
    let environment = office.world.resource_of("environment", 0, "E", Some(root));
    let company = office.world.resource_of("company", 0, "C", Some(environment));
    office.world.resources[company].inherits = false;
    office.world.grant(office.user, "view", environment);
    let gate = |references| Row { gates: vec![Gate { references, ..Gate::empty(Family::Scope) }], ..Row::default() };
    let (c, e) = (Some(Reference::Resource(company)), Some(Reference::Resource(environment)));
    assert_eq!(office.may(&gate(vec![c, e])), 0);
    assert_ne!(office.may(&gate(vec![None, e])), 0);
}

#[test]
fn an_insert_asks_add_and_what_it_sets() {
    let mut office = office();
    let row = office.row();
    let insert =
        |office: &Office, mapped, reads| office.world.insert(Some(office.user), &office.row(), Set { mapped, reads });
    assert_eq!(office.world.insert(None, &row, Set::default()), Outcome::Refused);
    assert_eq!(insert(&office, 0, false), Outcome::Refused);
    office.world.grant(office.role, "enter", office.location);
    office.world.grant(office.role, "add", office.invoices);
    assert_eq!(insert(&office, 0, false), Outcome::Done);
    assert_eq!(insert(&office, 0, true), Outcome::Refused);
    assert_eq!(insert(&office, actions::RENAME, false), Outcome::Refused);
    office.world.grant(office.role, "view, rename", office.invoices);
    assert_eq!(insert(&office, actions::RENAME, true), Outcome::Done);
    // Whoever is named as the owner, the new row is the current user's: that is what makes the intray his.
    let unfiled = Row { gates: vec![Gate::empty(Family::Place)], owner: None, ..Row::default() };
    assert_eq!(office.world.insert(Some(office.user), &unfiled, Set::default()), Outcome::Done);
    assert_eq!(office.world.as_inserted(Some(office.user), &unfiled).owner, Some(office.user));
}

#[test]
fn an_update_asks_the_action_of_what_changes() {
    let mut office = office();
    office.world.grant(office.role, "enter", office.location);
    office.world.grant(office.role, "view, rename", office.invoices);
    let row = office.row();
    let askable = named("write move rename");
    let judge = |office: &Office, changed| office.world.update(Some(office.user), &row, &row, changed, askable);
    assert_eq!(judge(&office, Changed { mapped: actions::RENAME, ..Changed::default() }), Outcome::Done);
    assert_eq!(judge(&office, Changed { ordinary: true, ..Changed::default() }), Outcome::Refused);
    assert_eq!(judge(&office, Changed { identity: true, ..Changed::default() }), Outcome::Refused);
    let without = office.world.update(Some(office.user), &row, &row, Changed::default(), named("write"));
    assert_eq!(without, Outcome::PassedOver);
}

#[test]
fn a_move_asks_move_here_and_add_there() {
    let mut office = office();
    let there = office.world.resource_of("location", 0, "Sales", None);
    office.world.grant(office.role, "enter", office.location);
    office.world.grant(office.role, "view, edit, add", office.invoices);
    let row = office.row();
    let mut moved = row.clone();
    moved.gates[0] = Gate::to(Family::Place, there);
    let changed = Changed { location: true, ..Changed::default() };
    let judge = |office: &Office| office.world.update(Some(office.user), &row, &moved, changed, named("write move"));
    assert_eq!(judge(&office), Outcome::Refused);
    office.world.grant(office.role, "enter", there);
    assert_eq!(judge(&office), Outcome::Done);
}

#[test]
fn a_delete_is_passed_over_or_done() {
    let mut office = office();
    office.world.grant(office.role, "enter", office.location);
    office.world.grant(office.role, "view", office.invoices);
    let user = Some(office.user);
    assert_eq!(office.world.delete(user, &office.row(), false), Outcome::PassedOver);
    office.world.grant(office.role, "delete", office.invoices);
    assert_eq!(office.world.delete(user, &office.row(), false), Outcome::Done);
    assert_eq!(office.world.delete(user, &office.row(), true), Outcome::Refused);
}

#[test]
fn words_mean_what_the_table_says() {
    let grants = |words: &str| actions::granted_by(words, &[]);
    let asks = |words: &str| actions::asked_by(words, u64::MAX, &[]);
    assert_eq!(grants("View"), Some(actions::view()));
    assert_eq!(asks("See"), Some(actions::READ));
    assert_eq!(grants("ADD"), Some(actions::ADD | actions::IMPORT));
    assert_eq!(asks("add"), Some(actions::ADD));
    assert_eq!(grants(" custom id , Reading-Request"), Some(named("custom_id reading_request")));
    assert_eq!(asks("view, delete"), Some(actions::READ | actions::DELETE));
    assert_eq!((grants("veiw"), asks("veiw"), asks("")), (None, None, None));
}
