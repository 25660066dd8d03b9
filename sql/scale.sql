-- What dropping looks for, and what making a user looks for: indexes without which one of a thousand resources or
-- principals is dropped by reading all memberships and grants there ever were. Beside the partial indexes of those that
-- hold now (sql/tables.sql), which a check reads.

-- Actions of administration: whoever hands out a role may hold what it carries of them (src/facts.rs knows the number).
CREATE INDEX grants_administration ON docacl.grants (principal_id) WHERE revoked_at IS NULL AND actions & 1095216660480 <> 0;
CREATE INDEX grants_on ON docacl.grants (resource_id);
CREATE INDEX membership_in ON docacl.membership (role_id);
CREATE INDEX membership_of ON docacl.membership (member_id);
CREATE INDEX principal_default ON docacl.principal (account_id) WHERE is_default;
CREATE INDEX principal_environment ON docacl.principal (environment_id) WHERE environment_id IS NOT NULL;
CREATE INDEX queue_item_queue ON docacl.queue_item (queue_id);
CREATE INDEX task_of ON docacl.task (role_id);
