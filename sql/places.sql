-- Rows of mirrored tables that are resources themselves, and what still refers to them (src/mirror/places.rs, src/trigger/itself.rs).
-- Called by docacl.follow_mirror.

CREATE FUNCTION docacl.refuse_used(resources bigint[], mirrored oid, key_column text) RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'docacl_refuse_used_wrapper';
REVOKE ALL ON FUNCTION docacl.refuse_used(bigint[], oid, text) FROM PUBLIC;
COMMENT ON FUNCTION docacl.refuse_used(bigint[], oid, text) IS '55006 where rows of protected tables refer to any of these resources; the mirrored table''s own key aside.';

CREATE FUNCTION docacl.unmake(mirrored oid, kind text, key_column text) RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'docacl_unmake_wrapper';
REVOKE ALL ON FUNCTION docacl.unmake(oid, text, text) FROM PUBLIC;
COMMENT ON FUNCTION docacl.unmake(oid, text, text) IS 'Removes the resources that the running INSERT made for rows that did not come about (ON CONFLICT).';
