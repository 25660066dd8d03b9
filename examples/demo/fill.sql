-- The application's places, types, packages and maintainers become docacl's resources, then the documents are
-- filed under them. What docacl's functions return is the id that the application's tables refer to.

CREATE EXTENSION docacl;

DO $$
DECLARE
    this    record;
    parent  bigint;
BEGIN
    -- Locations: Debian, its sections, a shelf per letter. A section does not take what is granted on Debian
    -- (whoever enters a building does not enter every room); a shelf takes what is granted on its section.
    FOR this IN
        SELECT path[1:depth] AS path, bool_and(depth = cardinality(path)) AS is_shelf
        FROM (SELECT DISTINCT ARRAY['Debian'] || string_to_array(section, '/') || shelf AS path FROM demo.file) AS leaf,
             generate_series(1, cardinality(path)) AS depth
        GROUP BY 1
        ORDER BY cardinality(path[1:depth]), 1
    LOOP
        SELECT id INTO parent FROM location WHERE path = trim_array(this.path, 1);
        INSERT INTO location
        VALUES (acl_create('location', this.path[cardinality(this.path)], parent => parent, inherits => this.is_shelf), this.path);
    END LOOP;

    -- Document types, kinds of manual page under "manual page" and so on: types take what is granted above them.
    FOR this IN
        SELECT kind_above AS name, NULL AS above FROM demo.file WHERE kind_above IS NOT NULL
        UNION
        SELECT kind, kind_above FROM demo.file WHERE kind IS DISTINCT FROM kind_above
        UNION
        SELECT unnest(ARRAY['copyright', 'changelog', 'news', 'readme', 'manual page']), NULL
        ORDER BY above NULLS FIRST, name
    LOOP
        SELECT id INTO parent FROM document_type WHERE name = this.above;
        INSERT INTO document_type VALUES (acl_create('document type', this.name, parent => parent), this.name);
    END LOOP;

    -- Projects: the source packages. Their key is what the application calls them, so documents.project stays text.
    FOR this IN SELECT DISTINCT source FROM demo.file ORDER BY 1 LOOP
        PERFORM acl_create('project', left(this.source, 255), key => this.source);
    END LOOP;

    -- Companies: the maintainers, in one environment.
    parent := acl_create('environment', 'Debian');
    FOR this IN SELECT DISTINCT left(maintainer, 255) AS name FROM demo.file ORDER BY 1 LOOP
        INSERT INTO company VALUES (acl_create('company', this.name, parent => parent), this.name);
    END LOOP;

    -- The screen that shows documents.
    PERFORM acl_create('function', 'Catalogue');
END
$$;

INSERT INTO documents (id, title, path, size, body, modified_at, location_id, document_type_id, project, company_id)
SELECT f.id, f.title, f.path, f.size, f.body, to_timestamp(f.modified), l.id, t.id, f.source, c.id
FROM demo.file f
JOIN location l ON l.path = ARRAY['Debian'] || string_to_array(f.section, '/') || f.shelf
JOIN document_type t ON t.name = f.kind
JOIN company c ON c.name = left(f.maintainer, 255);
SELECT setval(pg_get_serial_sequence('documents', 'id'), max(id)) FROM documents \g /dev/null
VACUUM (ANALYZE) documents;
ANALYZE demo.file;

-- The one call. From here on every statement of everybody but a superuser is filtered.
SELECT acl_protect('documents',
    '{"location": "location_id", "document_type": "document_type_id", "project": "project", "company": "company_id",
      "function": {"constant": ["Catalogue"]}}',
    '{"key": "id", "owner": "created_by", "own_acl": "own_acl", "default": true}') \g /dev/null
