//! What a leader writes for its workers, read back: all of a ring, and nothing that does not fit.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use docacl_core::Actions;
    use pgrx::pg_sys;
    use pgrx::prelude::*;

    use crate::bound::Bound;
    use crate::freshness;
    use crate::handover::Made;
    use crate::in_backend::support::{one, run};
    use crate::ring::Ring;
    use crate::scan::Snap;
    use crate::shape::Shape;
    use crate::value::Type;

    const SHAPE: &str = r#"{"gates":[{"gate":"place","own":true,"refs":[{"kinds":["location"],"by":"id"}]},
        {"gate":"type","refs":[{"kinds":["document_type"],"by":"key"}]}]}"#;
    const MADE: Made = Made { token: [7; 16], leader: 4711, database: pg_sys::Oid::from_u32(5) };

    fn id(sql: &str) -> i64 {
        one(sql).parse().expect(sql)
    }

    /// A ring with grants on places, a row's list and a `*`, and the keys that two references found.
    fn ring() -> (std::rc::Rc<Ring>, Snap) {
        run("SELECT acl_create_user('ann', 'ann@x.example', 'Users'); SELECT acl_create('location', 'A');
             SELECT acl_create('location', 'B'); SELECT acl_create('document type', 'T', key => 't');
             SELECT acl_grant('ann', 'enter', 'location', 'A'); SELECT acl_grant('ann', 'view', 'document type', '*');
             SELECT acl_set_limit('document type', 'T', 'read'); SELECT acl_set_limit('location', '*', 'change');
             CREATE TABLE papers (id bigint PRIMARY KEY, place bigint, list bigint);
             SELECT acl_protect('papers', '{\"location\": \"place\"}', '{\"key\": \"id\", \"own_acl\": \"list\", \"default\": true}');
             INSERT INTO papers SELECT 1, id FROM docacl.resource WHERE name = 'A';
             SELECT acl_set_inherits('document', '1', false); SELECT acl_grant('ann', 'view', 'document', '1')");
        let snap = Snap::fresh();
        let ann = id("SELECT id FROM docacl.principal WHERE name = 'ann'");
        let ring = freshness::ring(ann, &snap).expect("her ring");
        for place in ["A", "B"] {
            let place = id(&format!("SELECT id FROM docacl.resource WHERE name = '{place}'"));
            assert_eq!(allowed(&ring, &snap, place), place == id("SELECT id FROM docacl.resource WHERE name = 'A'"));
        }
        (ring, snap)
    }

    /// Whether she may see a row of a place, of the type T.
    fn allowed(ring: &std::rc::Rc<Ring>, snap: &Snap, place: i64) -> bool {
        let shape = Shape::parse(SHAPE.as_bytes()).expect("a shape");
        let types = [Type::Int8, Type::Int8, Type::Text];
        let bound = Bound::new(ring.clone(), shape, &types, snap).expect("bound");
        let row = [None, place.into_datum(), "t".into_datum()];
        bound.any(Actions::READ, &row[..], || Snap::again(snap)).expect("an answer")
    }

    #[pg_test]
    fn a_ring_is_read_as_it_was_written() {
        let (ring, snap) = ring();
        let existing = freshness::existing(&snap);
        let bytes = MADE.write(&ring, existing);
        let read = MADE.read(&bytes, existing).expect("the ring");
        let (tables, stars) = ((read.granted().count(), read.granted_on_rows().count()), read.stars().count());
        assert!(tables.0 >= 2 && tables.1 == 1 && stars >= 1 && read.keys() == ring.keys(), "{tables:?} {stars}");
        assert!((read.id, read.account, read.period) == (ring.id, ring.account, ring.period));
        assert!((&read.stamps, &read.principals, read.subject) == (&ring.stamps, &ring.principals, ring.subject));
        // Every part of it, in the same order, and nothing behind.
        assert_eq!(MADE.write(&read, existing), bytes);
        let read = std::rc::Rc::new(read);
        for place in ["A", "B"] {
            let place = id(&format!("SELECT id FROM docacl.resource WHERE name = '{place}'"));
            assert_eq!(allowed(&read, &snap, place), allowed(&ring, &snap, place));
        }
    }

    #[pg_test]
    fn what_does_not_fit_is_not_read() {
        let (ring, snap) = ring();
        let existing = freshness::existing(&snap);
        let bytes = MADE.write(&ring, existing);
        let others = [
            Made { token: [8; 16], ..MADE },
            Made { leader: 4712, ..MADE },
            Made { database: pg_sys::Oid::from_u32(6), ..MADE },
        ];
        for other in others {
            assert!(other.read(&bytes, existing).is_none());
        }
        // Cut short anywhere: where the next segment would begin, nothing is believed either.
        for len in 0..bytes.len() {
            assert!(MADE.read(&bytes[..len], existing).is_none(), "{len} of {}", bytes.len());
        }
        let withdrawn = [&[0; 8], &bytes[8..]].concat();
        assert!(MADE.read(&withdrawn, existing).is_none());
    }
}
